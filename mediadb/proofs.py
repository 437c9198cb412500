"""Documents that prove consents: kept like media, but outside of the library, for the people of the audience only.

What is stored begins with a line of ours that names the tenant: so it lies apart from a medium with the same content,
and nobody's clearing up of media takes it away.
"""

import hashlib
from datetime import timedelta
from email import message_from_bytes
from pathlib import PurePosixPath

from peewee import fn

from domain import clock
from domain.db import database, unscoped
from domain.errors import N_, Invalid
from domain.subscribers.models import ConsentEvent, ConsentProof, ImportJob
from mediadb import imaging, kinds, scanner, storage
from mediadb.limits import MB
from mediadb.words import clean_name

MOST_MB = 10
TYPES = ".pdf,.png,.jpg,.jpeg,.webp,.eml,.docx,.odt,.txt"
KEPT_UNUSED = timedelta(days=1)
_SUFFIXES = frozenset(TYPES.split(","))
_PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}


def keep(tenant_id: int, user_id: int, filename: str, data: bytes) -> ConsentProof:
    """Take a document; raises Invalid with what to do, Conflict when the virus scanner cannot be asked."""
    name = clean_name(filename)
    if len(data) > MOST_MB * MB:
        raise Invalid(
            N_("This file is larger than %(most)s MB. Make it smaller and upload it again."), most=MOST_MB
        )
    mime = _mime(name, data)
    scanner.check(data)
    stored = storage.put(_head(tenant_id) + data)
    return ConsentProof.create(
        tenant_id=tenant_id, name=name[-200:], mime=mime, size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(), stored=stored, by_id=user_id,
    )  # fmt: skip


def read(proof: ConsentProof) -> bytes:
    """The document as it came; raises FileNotFoundError."""
    return storage.read(proof.stored)[len(_head(proof.tenant_id)) :]


@unscoped("one sweep clears up for all tenants")
def clear() -> int:
    """Forget documents that prove nothing any more: their people are erased, or their import was never made."""
    old = clock.now() - KEPT_UNUSED
    used = ConsentEvent.select(ConsentEvent.id).where(
        ConsentEvent.tenant_id == ConsentProof.tenant_id, ConsentEvent.proof_id == ConsentProof.id
    )
    gone = list(ConsentProof.select().where(ConsentProof.created_at < old, ~fn.EXISTS(used)).limit(500))
    open_jobs = ImportJob.select(ImportJob.options).where(
        ImportJob.state.in_(["mapping", "queued", "running"])
    )
    waiting = {(job.options or {}).get("proof_id") for job in open_jobs}
    done = 0
    for proof in gone:
        if proof.id not in waiting:
            forget(proof)
            done += 1
    return done


def forget(proof: ConsentProof) -> None:
    """The row, and the bytes if no other row of the tenant names them."""
    with database.atomic():
        proof.delete_instance()
        others = ConsentProof.select().where(
            ConsentProof.tenant_id == proof.tenant_id, ConsentProof.stored == proof.stored
        )
        if not others.exists():
            storage.delete(proof.stored)


def _head(tenant_id: int) -> bytes:
    return f"rundbrief consent proof of tenant {tenant_id}\n".encode()


def _mime(name: str, data: bytes) -> str:
    suffix = PurePosixPath(name).suffix.casefold()
    if suffix not in _SUFFIXES:
        raise Invalid(N_("Attach a PDF, a picture, a mail (.eml) or a text document."))
    if suffix == ".eml":
        if b"\0" in data or not (message_from_bytes(data[:65_536])["From"]):
            raise Invalid(N_("The content does not fit the name of the file. Save it again and upload it."))
        return "message/rfc822"
    mime = kinds.document_mime(name, data)
    if mime is None:
        imaging.process(data)  # refuses what is no picture
        return _PICTURES[suffix]
    return mime
