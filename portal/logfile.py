"""The log as a file for spreadsheets, and the answer to "is it whole?"."""

import tempfile
from collections.abc import Iterator
from typing import Any

from flask import Response, g, request, stream_with_context
from flask_babel import gettext as _

from domain.audit import log
from domain.errors import Invalid
from domain.subscribers import spreadsheet
from portal import context, logbook

UNCHECKED = -1
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def checked(tenant_id: int) -> int | None:
    """None: the chain is whole; the number of the entry that does not fit; UNCHECKED: nobody asked."""
    return log.verify(tenant_id) if "check" in request.args else UNCHECKED


def wish() -> str:
    """csv or xlsx, as the button says."""
    return "xlsx" if request.form.get("as") == "xlsx" else "csv"


def table(tenant_id: int, asked: logbook.Wanted, name: str) -> Response:
    """Every entry that fits as a download; no cell is a formula. Raises Invalid for more than a sheet holds."""
    filename = f"{name}-{context.today().isoformat()}.{wish()}"
    found = logbook.rows(tenant_id, asked)
    if wish() == "csv":
        pieces = spreadsheet.csv_lines(logbook.headings(), found, ";" if g.user.language == "de" else ",")
        response = Response(stream_with_context(pieces), mimetype="text/csv")
        response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
        return response
    if logbook.query(tenant_id, asked).count() > spreadsheet.MOST_ROWS:
        raise Invalid(_("A sheet holds %(count)s rows. Take the CSV file.", count=spreadsheet.MOST_ROWS))
    response = Response(stream_with_context(_sheet(logbook.headings(), found)), mimetype=SHEET)
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _sheet(head: list[str], found: Iterator[list[Any]]) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as target:
        spreadsheet.write_sheet(target, head, found)
        target.seek(0)
        while piece := target.read(1 << 16):
            yield piece
