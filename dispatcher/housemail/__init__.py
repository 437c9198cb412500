"""Mails of the house to the people who work in it: what waits, what is done, what broke."""
