"""Which names a route reads from query, form and files: found in the source of its blueprint, in the form classes
that it imports, and in the forms of the pages that were drawn."""

import inspect
import re
import sys
from dataclasses import dataclass, field

from flask import Flask
from flask_wtf import FlaskForm
from lxml import html
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

_READ = re.compile(r"""request\.(args|form|values|files)(?:\.getlist|\.get)?[(\[]\s*f?["']([\w.-]+)""")
_KNOWN_TEXT = ("StringField", "TextAreaField", "EmailField", "PasswordField", "URLField", "DateField")


@dataclass
class Names:
    """Names of one route; `texts` are fields that can only be text."""

    query: set[str] = field(default_factory=set)
    form: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)


def names_of(app: Flask, rule: Rule) -> Names:
    """Read from the module that holds the view, and from the modules of the portal that it imports."""
    view = inspect.unwrap(app.view_functions[rule.endpoint])
    module = sys.modules[view.__module__]
    found = Names()
    for source in [module, *_portal_modules(module)]:
        for kind, name in _READ.findall(inspect.getsource(source)):
            if kind in ("args", "values"):
                found.query.add(name)
            if kind in ("form", "values"):
                found.form.add(name)
            if kind == "files":
                found.files.add(name)
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, FlaskForm) and value is not FlaskForm:
            _take_form(value, found)
    return found


def drawn(app: Flask, page: bytes) -> dict[str, set[str]]:
    """Endpoint → names of the fields that forms of a page send to it."""
    found: dict[str, set[str]] = {}
    if not page.strip():
        return found
    for form in html.fromstring(page).iter("form"):
        action = (form.get("action") or form.get("hx-post") or "").partition("?")[0]
        try:
            endpoint, _values = app.url_map.bind("localhost").match(action, method="POST")
        except HTTPException:
            continue
        names = {e.get("name") for e in form.iter("input", "select", "textarea", "button") if e.get("name")}
        found.setdefault(endpoint, set()).update(names - {"csrf_token"})
    return found


def _take_form(form: type[FlaskForm], found: Names) -> None:
    for base in form.__mro__:
        for name, value in vars(base).items():
            made = getattr(value, "field_class", None)
            if made is not None:
                found.form.add(name)
                if made.__name__ in _KNOWN_TEXT:
                    found.texts.add(name)


def _portal_modules(module: object) -> list[object]:
    return [
        value for value in vars(module).values()
        if inspect.ismodule(value) and value.__name__ in ("portal.editor", "portal.sending")
    ]  # fmt: skip
