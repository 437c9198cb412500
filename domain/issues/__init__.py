"""Newsletter issues made of blocks."""
