"""The mail catcher's inbox, in demo houses only."""

import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, request
from markupsafe import Markup

from dispatcher import catcher
from dispatcher.rendering import enclosing
from domain.errors import NotFound
from portal import hypermedia
from portal.access import signed_in
from portal.security import peoples_html

bp = Blueprint("inbox", __name__)
PAGE_SIZE = 50
SOURCE_SHOWN = 60_000  # characters; beyond that a browser only scrolls
_LINK = re.compile(r"https?://[^\s<>\"']+")


@bp.get("/inbox")
@signed_in
def index() -> Response:
    path = _path()
    text, before = request.args.get("q", "")[:100], request.args.get("before", type=int)
    exists = path.exists()
    mails = catcher.list_mails(path, text, before, PAGE_SIZE + 1) if exists else []
    return hypermedia.page(
        "inbox/index.html", "inbox/_rows.html", mails=mails[:PAGE_SIZE], text=text, is_first=not before,
        older=mails[PAGE_SIZE - 1].id if len(mails) > PAGE_SIZE else None,
        count=catcher.count(path) if exists else 0,
    )  # fmt: skip


@bp.get("/inbox/<int:mail_id>")
@signed_in
def show(mail_id: int) -> Response:
    mail, raw = _mail(mail_id)
    message = _parsed(raw)
    return hypermedia.page(
        "inbox/show.html", mail=mail, headers=[(name, _header(value)) for name, value in message.items()],
        plain=_body(message, "plain"), has_html=message.get_body(("html",)) is not None,
        source=raw[:SOURCE_SHOWN].decode("utf-8", "replace"), subject=mail.subject, links=_links,
    )  # fmt: skip


@bp.get("/inbox/<int:mail_id>/html")
@signed_in
def html(mail_id: int) -> Response:
    return peoples_html(_body(_parsed(_mail(mail_id)[1]), "html"))


def _mail(mail_id: int) -> tuple[catcher.CaughtMail, bytes]:
    path = _path()
    found = catcher.get_mail(path, mail_id) if path.exists() and mail_id < 1 << 62 else None
    if found is None:
        raise NotFound
    return found


def _path() -> Path:
    settings = current_app.config["SETTINGS"]
    if not settings.demo:
        abort(404)
    return settings.instance / "catcher.db"


def _parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _body(message: EmailMessage, kind: str) -> str:
    """The text of a part; what cannot be decoded is shown with replacement characters."""
    part = message.get_body((kind,))
    if part is None:
        return ""
    try:
        return enclosing.outside(str(part.get_content()))
    except (LookupError, UnicodeError, ValueError):  # an unknown charset or broken encoding
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else str(payload)


def _header(value: object) -> str:
    return " ".join(str(value).split())


def _links(text: str) -> Markup:
    """Plain text with its addresses clickable; everything else is escaped."""
    parts, end = [], 0
    for found in _LINK.finditer(text):
        address = found.group().rstrip(".,;:!?)")
        parts += [Markup("{}").format(text[end : found.start()])]
        parts += [Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(address)]
        end = found.start() + len(address)
    return Markup("").join([*parts, Markup("{}").format(text[end:])])
