"""Behaviour of the whole house, mirrored by package."""
