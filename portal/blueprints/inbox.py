"""The mail catcher's inbox, in demo houses only."""

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, request

from dispatcher import catcher
from domain.errors import NotFound
from portal import hypermedia
from portal.access import signed_in
from portal.security import peoples_html

bp = Blueprint("inbox", __name__)
PAGE_SIZE = 50


@bp.get("/inbox")
@signed_in
def index() -> Response:
    path = _path()
    text, before = request.args.get("q", "")[:100], request.args.get("before", type=int)
    mails = catcher.list_mails(path, text, before, PAGE_SIZE + 1) if path.exists() else []
    older = mails[PAGE_SIZE - 1].id if len(mails) > PAGE_SIZE else None
    return hypermedia.page(
        "inbox/index.html", "inbox/_rows.html", mails=mails[:PAGE_SIZE], text=text, older=older
    )


@bp.get("/inbox/<int:mail_id>")
@signed_in
def show(mail_id: int) -> Response:
    mail, raw = _mail(mail_id)
    message = _parsed(raw)
    plain = message.get_body(("plain",))
    return hypermedia.page(
        "inbox/show.html", mail=mail, headers=[(n, str(v)) for n, v in message.items()],
        plain=plain.get_content() if plain else "", html=message.get_body(("html",)) is not None,
        source=raw.decode("utf-8", "replace"), subject=str(message["subject"] or ""),
    )  # fmt: skip


@bp.get("/inbox/<int:mail_id>/html")
@signed_in
def html(mail_id: int) -> Response:
    body = _parsed(_mail(mail_id)[1]).get_body(("html",))
    return peoples_html(body.get_content() if body else "")


def _mail(mail_id: int) -> tuple[catcher.CaughtMail, bytes]:
    path = _path()
    found = catcher.get_mail(path, mail_id) if path.exists() else None
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
