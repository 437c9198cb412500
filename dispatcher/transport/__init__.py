"""Mails over SMTP: a state machine without sockets, one loop with pooled connections, replies and retries."""
