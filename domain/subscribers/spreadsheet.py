"""Tables for spreadsheet programs, in and out: the one module that knows openpyxl.

No cell that we write is a formula: texts that begin like one get an apostrophe in front.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a cell that begins so
MOST_ROWS = 1_048_575  # of a sheet, below the headings
CSV_ROWS = 500  # in a piece of text


def harmless(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULAS) else value
    return value


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str = ";") -> Iterator[str]:
    """Pieces of a CSV text with a byte order mark, so that spreadsheets read its umlauts."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow([harmless(cell) for cell in head])
    yield "\ufeff" + buffer.getvalue()
    some: list[list[Any]] = []
    begins = FORMULAS
    for row in rows:
        some.append([f"'{c}" if type(c) is str and c.startswith(begins) else c for c in row])
        if len(some) == CSV_ROWS:
            yield _written(some, delimiter)
            some = []
    if some:
        yield _written(some, delimiter)


def write_sheet(target: IO[bytes], head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """An XLSX file, row by row; what does not fit on a sheet is left out, so the caller counts before."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append([harmless(cell) for cell in head])
    for number, row in enumerate(rows):
        if number == MOST_ROWS:
            break
        sheet.append([harmless(cell) for cell in row])
    book.save(target)


def read_sheet(path: Path) -> Iterator[list[str]]:
    """The rows of the first sheet as texts, without holding the file in memory."""
    from openpyxl import load_workbook

    with path.open("rb") as source:  # by its name it would be refused: uploads are kept under other endings
        book = load_workbook(source, read_only=True, data_only=True)
        try:
            for row in book.worksheets[0].iter_rows(values_only=True):
                yield [_text(cell) for cell in row]
        finally:
            book.close()


def _written(rows: list[list[Any]], delimiter: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    return buffer.getvalue()


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return (
            cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(" ", "seconds")
        )
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
