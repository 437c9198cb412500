"""Tenants and the settings they inherit."""
