"""Saved queries over subscribers."""
