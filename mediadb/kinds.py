"""What a file is, by its content as well as its name; what we do not take is refused in plain words."""

import io
import zipfile
from pathlib import PurePosixPath

from domain.errors import N_, Invalid
from mediadb import imaging

MAX_BYTES = 25 * 1024 * 1024
PICTURES = frozenset((".jpg", ".jpeg", ".jfif", ".png", ".gif", ".webp", ".avif", ".heic", ".heif"))
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
DOCUMENTS = {  # suffix → mime type, what the content must show
    ".pdf": ("application/pdf", "%PDF-"),
    ".docx": (_OFFICE + "wordprocessingml.document", "word/"),
    ".xlsx": (_OFFICE + "spreadsheetml.sheet", "xl/"),
    ".pptx": (_OFFICE + "presentationml.presentation", "ppt/"),
    ".odt": (_OPEN + "text", ""),
    ".ods": (_OPEN + "spreadsheet", ""),
    ".odp": (_OPEN + "presentation", ""),
    ".txt": ("text/plain", ""),
    ".csv": ("text/csv", ""),
}
ARCHIVES = frozenset((".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz"))
OLD_OFFICE = frozenset((".doc", ".xls", ".ppt", ".docm", ".xlsm", ".pptm", ".rtf"))


def document_mime(name: str, data: bytes) -> str | None:
    """The mime type of a document, None for what should be a picture; raises Invalid for all other files."""
    suffix = PurePosixPath(name).suffix.casefold()
    if not data:
        raise Invalid(N_("This file is empty. Choose another one."))
    if len(data) > MAX_BYTES:
        raise Invalid(N_("This file is larger than 25 MB. Make it smaller and upload it again."))
    if suffix in PICTURES or not suffix:
        return None
    if suffix in DOCUMENTS:
        if imaging.is_heic(data):
            raise Invalid(N_("We cannot take HEIC. Save the picture as JPEG."))
        if not _fits(suffix, data):
            raise Invalid(N_("The content does not fit the name of the file. Save it again and upload it."))
        return DOCUMENTS[suffix][0]
    raise Invalid(_refusal(suffix))


def _refusal(suffix: str) -> str:
    if suffix in (".svg", ".svgz"):
        return N_("We cannot take SVG. Save the picture as PNG.")
    if suffix in ARCHIVES:
        return N_("We cannot take archives. Unpack the archive and upload its files one by one.")
    if suffix in OLD_OFFICE:
        return N_("We cannot take this Office format. Save the document as DOCX, XLSX, PPTX or PDF.")
    return N_(
        "We cannot take this kind of file. Pictures: JPEG, PNG, GIF, WebP, AVIF. Documents: PDF, Office, text."
    )


def _fits(suffix: str, data: bytes) -> bool:
    mime, mark = DOCUMENTS[suffix]
    if suffix == ".pdf":
        return data.startswith(mark.encode())
    if suffix in (".txt", ".csv"):
        return b"\0" not in data[:65_536] and not data.startswith((b"MZ", b"#!"))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            names = opened.namelist()
            if mark:
                has_macros = any(name.casefold().endswith("vbaproject.bin") for name in names)
                return (
                    "[Content_Types].xml" in names
                    and any(n.startswith(mark) for n in names)
                    and not has_macros
                )
            return opened.open("mimetype").read(200).decode("ascii", "replace").strip() == mime
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, NotImplementedError, ValueError):
        return False
