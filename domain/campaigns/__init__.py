"""The sending of one issue to one audience."""
