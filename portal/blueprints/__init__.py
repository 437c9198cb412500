"""One blueprint per area that a person works in."""
