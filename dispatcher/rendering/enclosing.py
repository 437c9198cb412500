"""The files and pictures of an issue on their way into its mails."""

import re
from dataclasses import dataclass

from domain.errors import N_, Conflict
from domain.issues import attachments
from domain.issues.models import Issue
from mediadb import library, storage

_CONTENT_ID = re.compile(r"cid:([A-Za-z0-9_-]+)\.([a-z0-9]+)@media\b")


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


@dataclass(frozen=True)
class Carried:
    """A picture that travels in the mail: where its HTML would fetch it, and under which content id it finds it there.
    Its bytes lie under `sha256`."""

    url: str
    content_id: str
    name: str
    mime: str
    size_bytes: int
    sha256: str

    def content(self) -> tuple[str, str, str, bytes]:
        """(content id, filename, mime type, bytes). Raises Conflict if the storage has lost it."""
        try:
            return self.content_id, self.name, self.mime, storage.read(self.sha256)
        except OSError:
            raise Conflict(
                N_("The picture “%(name)s” is missing in the storage. Upload it again."), name=self.name
            ) from None


def pictures(html: str, base_url: str) -> tuple[Carried, ...]:
    """The pictures of our media that a mail shows, each once, in their order. Those of other servers stay there."""
    ours = re.compile(rf'<img\b[^>]*?\bsrc="({re.escape(base_url)}/media/([A-Za-z0-9_-]+)/([a-z0-9]+))"')
    shown = list(dict.fromkeys(ours.findall(html)))
    sizes = library.sizes_of([(key, size) for _, key, size in shown])
    found: dict[str, Carried] = {}
    for url, key, size in shown:
        served = sizes.get((key, size))
        if served is not None:
            kind = served.mime.partition("/")[2].partition("+")[0]
            name = f"{served.asset.filename.rpartition('.')[0] or served.asset.filename}.{kind}"
            found[url] = Carried(
                url, f"{key}.{size}@media", name, served.mime, served.size_bytes, served.digest
            )
    return tuple(found.values())


def inside(html: str, carried: tuple[Carried, ...]) -> str:
    """The HTML as it finds its pictures in the mail."""
    for picture in carried:
        html = html.replace(f'src="{picture.url}"', f'src="cid:{picture.content_id}"')
    return html


def outside(html: str) -> str:
    """The HTML of a mail as a page of this host shows it: pictures that travel in the mail come from the media."""
    return _CONTENT_ID.sub(r"/media/\1/\2", html)


def of(issue: Issue) -> tuple[Enclosed, ...]:
    """The files of an issue in their order; those gone from the media are left out."""
    ids = attachments.ids(issue)
    found = library.many(issue.tenant_id, ids) if ids else {}
    return tuple(
        Enclosed(a.id, a.filename, a.mime, a.size_bytes, a.sha256) for i in ids if (a := found.get(i))
    )
