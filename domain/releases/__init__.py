"""Objects opened to other tenants."""
