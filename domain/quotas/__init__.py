"""Volume limits and reservations."""
