"""The files of an issue on their way into its mails."""

from dataclasses import dataclass

from domain.errors import N_, Conflict
from domain.issues import attachments
from domain.issues.models import Issue
from mediadb import library, storage


@dataclass(frozen=True)
class Enclosed:
    """A file as the mail names it; its bytes lie under `sha256`."""

    asset_id: int
    name: str
    mime: str
    size_bytes: int
    sha256: str

    def content(self) -> tuple[str, str, bytes]:
        """(filename, mime type, bytes). Raises Conflict if the storage has lost it: no mail leaves without a file that
        was promised."""
        try:
            return self.name, self.mime, storage.read(self.sha256)
        except OSError:
            raise Conflict(
                N_(
                    "The file “%(name)s” is missing in the storage. Upload it again, or take it out of the attachments."
                ),
                name=self.name,
            ) from None


def of(issue: Issue) -> tuple[Enclosed, ...]:
    """The files of an issue in their order; those gone from the media are left out."""
    ids = attachments.ids(issue)
    found = library.many(issue.tenant_id, ids) if ids else {}
    return tuple(
        Enclosed(a.id, a.filename, a.mime, a.size_bytes, a.sha256) for i in ids if (a := found.get(i))
    )
