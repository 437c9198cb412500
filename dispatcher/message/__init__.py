"""A message as bytes: compiled once with splice points, filled per recipient, signed. Knows no campaign."""
