"""Delimited text as other programs export it: encoding, separator and header are found out by looking."""

import codecs
import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from domain.errors import N_, Invalid
from domain.subscribers import workbooks

DELIMITERS = ",;\t|"
SAMPLE_CHARS = 64 * 1024
SAMPLE_ROWS = 100
MAX_CELL_CHARS = 128 * 1024  # a cell longer than this is a quotation mark that nobody closed
MAX_COLUMNS = 300
_BINARIES = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"{\\rtf")

EMPTY = N_("The file is empty. Export it again and check that it holds rows.")
NOT_TEXT = N_(
    "This is neither a text file nor a workbook. We take XLSX, and CSV: text with commas, semicolons or "
    "tabs between the columns."
)
UNCLOSED = N_(
    "Line %(line)s: a quotation mark is opened and never closed. Correct the file and upload it again."
)
WIDE = N_("The file has more than %(count)s columns. Leave out what you do not need and upload it again.")


@dataclass(frozen=True)
class Dialect:
    """How a file is written."""

    encoding: str
    delimiter: str
    header: bool

    def dump(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Record:
    """One record: `line` is where it begins in the file, counted from 1."""

    line: int
    cells: list[str]


def sniff(path: Path) -> Dialect:
    """How the file is written; raises Invalid for what is no delimited text."""
    with path.open("rb") as source:
        start = source.read(4096)
    if not start.strip():
        raise Invalid(EMPTY)
    if workbooks.is_one(start):
        raise Invalid(workbooks.unreadable(path))
    encoding = _encoding(path, start)
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        sample = text.read(SAMPLE_CHARS)
    if not sample.strip("\ufeff\r\n \t"):
        raise Invalid(EMPTY)
    delimiter = _delimiter(sample)
    first = next(records(path, Dialect(encoding, delimiter, False)), None)
    if first is None:
        raise Invalid(EMPTY)
    if len(first.cells) > MAX_COLUMNS:
        raise Invalid(WIDE, count=MAX_COLUMNS)
    return Dialect(encoding, delimiter, not any("@" in cell for cell in first.cells))


def records(path: Path, dialect: Dialect) -> Iterator[Record]:
    """Every record that is not blank, the header too; raises Invalid where a quotation mark is not closed."""
    csv.field_size_limit(MAX_CELL_CHARS)
    with path.open(encoding=dialect.encoding, errors="replace", newline="") as text:
        reader = csv.reader((line.replace("\0", "") for line in text), delimiter=dialect.delimiter)
        line = 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                raise Invalid(UNCLOSED, line=line) from None
            if any(cell.strip() for cell in cells):
                yield Record(line, [cell.strip() for cell in cells])
            line = reader.line_num + 1


def _encoding(path: Path, start: bytes) -> str:
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"  # "Unicode text" of a spreadsheet program
    if b"\0" in start or start.startswith(_BINARIES):
        raise Invalid(NOT_TEXT)
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as source:
        try:
            while chunk := source.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _delimiter(sample: str) -> str:
    """The separator that cuts most records of the sample into the same number of columns, more than one."""
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        widths = Counter(_widths(sample, delimiter))
        if not widths:
            continue
        width, often = widths.most_common(1)[0]
        score = often / widths.total() * min(width, 10) if width > 1 else 0.0
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _widths(sample: str, delimiter: str) -> list[int]:
    widths: list[int] = []
    complete = sample.rpartition("\n")[0] or sample
    try:
        for row in csv.reader(complete.splitlines(keepends=True), delimiter=delimiter):
            if row:
                widths.append(len(row))
            if len(widths) >= SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    return widths
