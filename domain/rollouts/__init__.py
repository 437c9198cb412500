"""One issue in the name of many tenants."""
