"""Approval steps over (kind, id, fingerprint)."""
