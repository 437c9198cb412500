"""Page or fragment: the one place that knows htmx, and that hides the gaps of htmx-flask."""

from typing import Any

from flask import (
    Flask,
    Response,
    get_flashed_messages,
    make_response,
    redirect,
    render_template,
)
from flask import (
    flash as flask_flash,
)
from htmx_flask import Htmx, request

from portal import navigation

htmx = Htmx()


def init_app(app: Flask) -> None:
    htmx.init_app(app)
    app.after_request(_vary)


def wants_fragment() -> bool:
    """Whether htmx asks for a part of the page: not a boosted link, not the restoring of its history."""
    asked = request.htmx
    return bool(asked) and not asked.boosted and not asked.history_restore_request


def page(template: str, fragment: str | None = None, status: int = 200, **values: Any) -> Response:
    """The page, or for htmx only its `fragment` (with waiting flash messages out of band)."""
    if fragment and wants_fragment():
        return fragment_of(fragment, status=status, **values)
    navigation.look_around()
    return make_response(render_template(template, **values), status)


def fragment_of(template: str, status: int = 200, trigger: str | None = None, **values: Any) -> Response:
    """A fragment for htmx, followed by the flash messages that wait."""
    body = render_template(template, **values)
    if get_flashed_messages_peek():
        body += render_template("components/_flash_oob.html")
    response = make_response(body, status)
    if trigger:
        response.headers["HX-Trigger"] = trigger
    return response


fragment = fragment_of


def invalid(template: str, fragment: str | None = None, **values: Any) -> Response:
    """The same form again with what was typed and what is wrong with it: 422."""
    return page(template, fragment, status=422, **values)


def done(url: str, message: str | None = None, tone: str = "done", undo: str | None = None) -> Response:
    """Leave the page after a write: 303 for a form, HX-Location for htmx; `message` is shown on the next page.
    `undo` is the URL that a POST takes the act back with."""
    if message:
        flash(message, tone, undo)
    if wants_fragment():
        response = make_response("", 204)
        response.headers["HX-Redirect"] = url
        return response
    return make_response(redirect(url, 303))


def flash(message: str, tone: str = "done", undo: str | None = None) -> None:
    """A line for the reader; `tone` is one of the six."""
    flask_flash({"text": str(message), "undo": undo}, tone)  # type: ignore[arg-type]


def stop_polling(template: str, **values: Any) -> Response:
    """The last fragment of something that polled: 286 tells htmx to stop."""
    return fragment_of(template, status=286, **values)


def get_flashed_messages_peek() -> bool:
    """Whether messages wait, without taking them."""
    from flask import session

    return bool(session.get("_flashes"))


def take_flashes() -> list[tuple[str, dict[str, Any]]]:
    """The waiting messages as (tone, {text, undo}), taken once."""
    waiting: Any = get_flashed_messages(with_categories=True)
    return [(tone, m if isinstance(m, dict) else {"text": m, "undo": None}) for tone, m in waiting]


def _vary(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.vary.add("HX-Request")
        response.vary.add("Cookie")
    return response
