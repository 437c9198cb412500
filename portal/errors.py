"""From refusals to answers: a page, or for htmx a line at the top that says what to do next."""

from typing import Any

import structlog
from flask import Flask, Response, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from peewee import DataError, InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException

from domain import errors as domain_errors
from domain.db import is_busy
from portal import context, hypermedia

log = structlog.get_logger()

STATUS = {
    domain_errors.NotFound: 404,
    domain_errors.Forbidden: 403,
    domain_errors.Conflict: 409,
    domain_errors.Invalid: 422,
    domain_errors.OverLimit: 409,
}
TEXTS = {
    400: (_l("We did not understand this request"), _l("Go back, reload the page and try again.")),
    403: (
        _l("You may not do this here"),
        _l("Your role does not include it. Ask an administrator of this tenant."),
    ),
    404: (_l("Not found"), _l("We could not find this. It may have been deleted or moved.")),
    405: (_l("Not possible this way"), _l("Go back and use the button on the page.")),
    409: (_l("This has changed meanwhile"), _l("Reload the page and look at the current state.")),
    413: (_l("Too large"), _l("The file is larger than we take. Make it smaller and send it again.")),
    415: (_l("We did not understand this request"), _l("Go back, reload the page and try again.")),
    422: (_l("This needs a correction"), _l("Go back and check what you entered.")),
    429: (_l("Too many tries"), _l("Wait a few minutes, then try again.")),
    500: (
        _l("Something failed on our side"),
        _l("Nothing was changed half-way. Try again; if it fails again, tell your administrator."),
    ),
    503: (_l("Busy at the moment"), _l("Try again in a minute. Nothing was lost.")),
}


def init_app(app: Flask) -> None:
    app.register_error_handler(domain_errors.DomainError, _domain_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OverflowError, _out_of_range)
    app.register_error_handler(DataError, _out_of_range)
    app.register_error_handler(OperationalError, _database_error)
    app.register_error_handler(Exception, _crash)


def say(error: domain_errors.DomainError) -> str:
    """The refusal in the reader's language."""
    return gettext(error.message, **error.params) if error.params else gettext(error.message)


def say_fields(error: domain_errors.Invalid) -> dict[str, str]:
    """Field → sentence in the reader's language."""
    return {
        name: gettext(text[0], **text[1]) if isinstance(text, tuple) else gettext(text)
        for name, text in error.fields.items()
    }


def into_form(form: Any, error: domain_errors.Invalid) -> None:
    """Hang the domain's findings on the fields of a WTForms form; those without a field on the form itself."""
    for name, text in say_fields(error).items():
        if name in form:
            form[name].errors = [*form[name].errors, text]
        else:
            form.form_errors = [*form.form_errors, text]
    if not error.fields:
        form.form_errors = [*form.form_errors, say(error)]


def _domain_error(error: domain_errors.DomainError) -> Response:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
    text = say(error)
    if isinstance(error, domain_errors.Invalid) and error.fields:
        text = " ".join([text, *say_fields(error).values()])
    return _answer(status, text)


def _csrf_error(error: CSRFError) -> Response:
    if g.get("user") is None and request.path.startswith(("/t/", "/house", "/account")):
        return _sign_in()
    return _answer(400, gettext("This form has expired. Reload the page and send it again."))


def _http_error(error: HTTPException) -> Response:
    if error.code == 401:
        return _sign_in()
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    response = _answer(error.code)
    retry = getattr(error, "retry_after", None)
    if retry:
        response.headers["Retry-After"] = str(retry)
    return response


def _out_of_range(error: Exception) -> Response:
    """A number or text that no row can hold: nothing of ours has it, so it is missing like any other."""
    log.info("value out of range", path=request.path, method=request.method, error=type(error).__name__)
    return _answer(404)


def _database_error(error: OperationalError) -> Response:
    """A database that takes nothing now is no fault of ours; anything else is."""
    if not is_busy(error):
        return _crash(error)
    log.warning("database is busy", path=request.path, method=request.method, error=str(error))
    try:
        response = _answer(503)
    except (OperationalError, InterfaceError):  # the page has questions of its own
        response = make_response(gettext("Try again in a minute. Nothing was lost."), 503)
    response.headers["Retry-After"] = "10"
    return response


def _crash(error: Exception) -> Response:
    log.error("request failed", path=request.path, method=request.method, exc_info=error)
    return _answer(500)


def _sign_in() -> Response:
    """For htmx 401, so that the sign-in opens over the page and nothing typed is lost; else the sign-in page."""
    if hypermedia.wants_fragment() or request.headers.get("X-Requested-With"):
        return make_response("", 401)
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    if request.method == "GET":
        return make_response(redirect(url_for("session.sign_in", next=target), 302))
    return _answer(
        401, gettext("Your sign-in has expired. Sign in in another tab, then send this page again.")
    )


def _answer(status: int, text: str | None = None) -> Response:
    title, usual = TEXTS.get(status, TEXTS[400 if status < 500 else 500])
    text = text or str(usual)
    if hypermedia.wants_fragment():
        response = make_response(render_template("errors/_alert.html", title=title, text=text), status)
        response.headers["HX-Retarget"] = "#flash"
        response.headers["HX-Reswap"] = "innerHTML"
        return response
    page = render_template("errors/page.html", status=status, title=title, said=text, framed=_framed(status))
    return make_response(page, status)


def _framed(status: int) -> bool:
    """Whether the answer keeps the frame of the tenant in the URL: for those who may be in it, on every path below
    it, so that what is hidden looks like what never was. After a crash nothing asks the database again."""
    if status >= 500 or g.get("user") is None or not request.path.startswith("/t/"):
        return False
    if g.get("tenant") is None:
        try:
            context.enter(request.path.split("/")[2])
        except domain_errors.DomainError:
            return False
    return "rights" in g
