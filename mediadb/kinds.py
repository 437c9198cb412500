"""What a file is, by its content as well as its name; what we do not take is refused in plain words."""

import io
import zipfile
from pathlib import PurePosixPath

from domain.errors import N_, Invalid
from mediadb import imaging
from mediadb.limits import HOUSE_FILE_MB, MB, Limits

MAX_BYTES = HOUSE_FILE_MB * MB
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
    ".svg": ("image/svg+xml", ""),
    ".zip": ("application/zip", ""),
}
ARCHIVES = frozenset((".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz"))
OLD_OFFICE = frozenset((".doc", ".xls", ".ppt", ".docm", ".xlsm", ".pptm", ".rtf"))


def document_mime(name: str, data: bytes, limits: Limits = Limits()) -> str | None:  # noqa: B008 - frozen
    """The mime type of a document, None for what should be a picture; raises Invalid for all other files."""
    suffix = PurePosixPath(name).suffix.casefold()
    if not data:
        raise Invalid(N_("This file is empty. Choose another one."))
    if len(data) > limits.file_bytes:
        raise Invalid(
            N_("This file is larger than %(most)s MB. Make it smaller and upload it again."),
            most=limits.file_mb,
        )
    if suffix == ".zip" and not limits.zip_allowed:
        raise Invalid(_refusal(suffix))
    if suffix in PICTURES or not suffix:
        return None
    if suffix in DOCUMENTS:
        if imaging.is_heic(data):
            raise Invalid(N_("We cannot take HEIC. Save the picture as JPEG."))
        if not _fits(suffix, data):
            raise Invalid(N_("The content does not fit the name of the file. Save it again and upload it."))
        return DOCUMENTS[suffix][0]
    raise Invalid(_refusal(suffix))


def check_picture(name: str) -> None:
    """Raise Invalid for what is not a picture that mails can show, where one is to be chosen."""
    suffix = PurePosixPath(name).suffix.casefold()
    if suffix in (".svg", ".svgz"):
        raise Invalid(N_("Mail programs do not show SVG. Save the picture as PNG and upload that."))
    if suffix in DOCUMENTS:
        raise Invalid(N_("This is no picture. Take a JPEG, PNG, GIF, WebP or AVIF file."))


def _refusal(suffix: str) -> str:
    if suffix == ".svgz":
        return N_("We cannot take packed SVG. Save the picture as SVG or PNG.")
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
    if suffix == ".svg":
        return b"<svg" in data[:65_536].lower() or b"\0s\0v\0g" in data[:65_536].lower()
    if suffix == ".zip":
        return data.startswith((b"PK\x03\x04", b"PK\x05\x06")) and _is_archive(data)
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


def _is_archive(data: bytes) -> bool:
    """A ZIP that can be listed; what is in it is never unpacked by us."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            return len(opened.namelist()) < 10_000
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
