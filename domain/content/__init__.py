"""Articles of the pool."""
