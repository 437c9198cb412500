"""What a file of a spreadsheet program is when it cannot be read as a table, and what its owner does next."""

import mmap
import zipfile
from pathlib import Path

from domain.errors import N_

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # XLSX and ODS; XLS, and whatever a password protects
_LOCKED_PARTS = ("EncryptedPackage", "EncryptionInfo")
_OLD_PARTS = ("Workbook", "Book")
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
MOST_TYPE = 200  # bytes of a media type

LOCKED = N_(
    "This workbook is protected by a password, so we cannot read it. Open it in your spreadsheet program, "
    "save it as XLSX without a password or as CSV, and upload that file."
)
OLD = N_(
    "This is a workbook in the old format XLS. Open it in your spreadsheet program, save it as XLSX or as "
    "CSV, and upload that file."
)
OPEN_DOCUMENT = N_(
    "This is an OpenDocument file (ODS). Open it in your spreadsheet program, save it as XLSX or as CSV, "
    "and upload that file."
)
BINARY = N_(
    "This is a workbook in the format XLSB. Open it in your spreadsheet program, save it as XLSX or as "
    "CSV, and upload that file."
)
BROKEN = N_(
    "This workbook is damaged, so we cannot read it. Open it in your spreadsheet program, save it anew as "
    "XLSX or as CSV, and upload that file."
)
ARCHIVE = N_(
    "This is a zip archive and no workbook. Unpack it and upload the XLSX or CSV file that is in it."
)
DAMAGED_ARCHIVE = N_(
    "This file is damaged: it looks like a workbook or a zip archive, but its end is missing or wrong. "
    "Save or download it again as XLSX or as CSV, and upload that file."
)
DOCUMENT = N_(
    "This is a document of an office program and no workbook. Put the addresses into a spreadsheet, save "
    "it as XLSX or as CSV, and upload that file."
)
LARGE = N_("The workbook holds more than %(size)s MB of text. Divide it into several files.")


def is_one(start: bytes) -> bool:
    """Whether a file that begins so comes from an office program or is an archive."""
    return start.startswith((ZIP, OLE))


def unreadable(path: Path) -> str:
    """The sentence about a file for which `is_one` is true and which is no table that we can read."""
    with path.open("rb") as source:
        return _container(path) if source.read(4) == OLE else _archive(path)


def _container(path: Path) -> str:
    """The names of the parts tell what it is; they stand in it as UTF-16."""
    with path.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as inside:
        for parts, message in ((_LOCKED_PARTS, LOCKED), (_OLD_PARTS, OLD)):
            if any(inside.find(f"{part}\0".encode("utf-16-le")) >= 0 for part in parts):
                return message
    return DOCUMENT


def _archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if "mimetype" in names and archive.getinfo("mimetype").file_size < MOST_TYPE:
                if archive.read("mimetype").strip() == _ODS:
                    return OPEN_DOCUMENT
                return DOCUMENT
    except Exception:  # whatever a broken or hostile archive makes the reader say
        return DAMAGED_ARCHIVE
    if "xl/workbook.bin" in names:
        return BINARY
    if any(name.startswith("xl/") for name in names):
        return BROKEN
    return DOCUMENT if names & {"word/document.xml", "ppt/presentation.xml"} else ARCHIVE
