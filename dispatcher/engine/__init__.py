"""The deliver process: who claims, who hands over, who writes down, and what holds each of them back."""
