"""People, roles, permissions, memberships."""
