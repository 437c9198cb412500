"""What DNS, our newest mail and the complaints say about a sender domain, rule by rule."""
