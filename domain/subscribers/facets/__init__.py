"""What a tenant knows of a person or an organisation beyond the master data: own fields, tags, statuses, notes."""
