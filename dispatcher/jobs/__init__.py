"""Work that crosses floors or takes longer than a page may: imports, exports, purges."""
