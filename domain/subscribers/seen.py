"""What a dry run has seen of a file so far, in a private file that goes with it: memory stays flat."""

import hashlib
import sqlite3
from collections.abc import Iterable


class Seen:
    """Texts, kept as short hashes. Close it, or let it go."""

    def __init__(self) -> None:
        self._rows = sqlite3.connect("", isolation_level=None)  # "": temporary, on disk, nobody else's
        self._rows.execute("PRAGMA synchronous = OFF")
        self._rows.execute("CREATE TABLE seen (mark BLOB PRIMARY KEY) WITHOUT ROWID")

    def add(self, texts: Iterable[str]) -> set[str]:
        """Remember texts; returns those that were there before."""
        again = set()
        self._rows.execute("BEGIN")
        for text in texts:
            mark = hashlib.blake2b(text.encode(), digest_size=12).digest()
            if not self._rows.execute("INSERT OR IGNORE INTO seen VALUES (?)", (mark,)).rowcount:
                again.add(text)
        self._rows.execute("COMMIT")
        return again

    def close(self) -> None:
        self._rows.close()
