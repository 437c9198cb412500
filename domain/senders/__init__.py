"""Relays and sender domains."""
