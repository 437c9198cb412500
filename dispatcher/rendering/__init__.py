"""An issue becomes a mail: look, blocks, links, dark colours, text part, and what has changed in it."""
