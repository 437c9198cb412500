"""Numbered schema changes, applied by db.migrate(); frozen, independent of the models."""
