"""A durable row per mail, and what came back."""
