"""Everything the sending depends on, broken once: real processes, real sockets, real databases."""
