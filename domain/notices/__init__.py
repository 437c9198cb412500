"""The bell and the outbox of system mails."""
