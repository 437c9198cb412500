"""What people take away as files: tables as CSV in the separators of the reader's language or as XLSX, stored files,
all of a tenant."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from flask import Response, g, send_file, stream_with_context
from flask_babel import gettext as _

from dispatcher.jobs import tenants
from domain.errors import Invalid
from domain.subscribers import spreadsheet
from domain.tenancy.models import Tenant
from portal import context

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def table(
    head: Sequence[str], rows: Iterable[Sequence[Any]], name: str, kind: str, count: Callable[[], int]
) -> Response:
    """The rows as `name`.csv, or .xlsx if `kind` says so; raises Invalid where a sheet is too small for `count()`."""
    if kind != "xlsx":
        lines = spreadsheet.csv_lines(head, rows, ";" if g.user.language == "de" else ",")
        return _download(lines, f"{name}.csv", "text/csv")
    if count() > spreadsheet.MOST_ROWS:
        raise Invalid(_("A sheet holds %(count)s rows. Take the CSV file.", count=spreadsheet.MOST_ROWS))
    return _download(_sheet(head, rows), f"{name}.xlsx", SHEET)


def _download(pieces: Iterator[str] | Iterator[bytes], name: str, kind: str) -> Response:
    response = Response(stream_with_context(pieces), mimetype=kind)  # type: ignore[arg-type]
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _sheet(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as target:
        spreadsheet.write_sheet(target, head, rows)
        target.seek(0)
        while piece := target.read(1 << 16):
            yield piece


def everything(tenant: Tenant) -> Response:
    """All of a tenant as one ZIP: tables and media."""
    kept = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    tenants.export(tenant, kept)
    kept.seek(0)
    name = f"{tenant.slug}-{context.today().isoformat()}.zip"
    return send_file(kept, mimetype="application/zip", as_attachment=True, download_name=name)


def file(content: bytes, name: str, mime: str) -> Response:
    """A stored file to be saved, never to be shown here, whatever it holds."""
    response = Response(content, mimetype=mime)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "private, no-store"
    return response
