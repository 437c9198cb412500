"""The append-only log, one hash chain per tenant."""
