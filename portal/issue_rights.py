"""Who may change which issue: those that he has begun himself, and those of others, are two rights."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, g

from domain.accounts.permissions import EDITS_ISSUES
from domain.accounts.permissions import Permission as P
from domain.errors import N_, Forbidden
from domain.issues import assembly, rights
from domain.issues.models import Issue
from portal.access import may, requires


def init_app(app: Flask) -> None:
    app.jinja_env.globals["edits"] = edits


def edits(issue: Issue) -> bool:
    """Whether the person of this request may change the issue, as far as rights go."""
    return rights.may_edit(issue, g.user, g.rights)


def edits_issue(view: Callable[..., Any]) -> Callable[..., Any]:
    """A view for people who may change the issue whose number stands in the address."""

    @wraps(view)
    def kept(issue_id: int, **values: Any) -> Any:
        if not may(P.ISSUE_EDIT_ALL):  # else it may be any, which needs no look at it
            refuse_others(assembly.get(g.tenant.id, issue_id))
        return view(issue_id, **values)

    return requires(*EDITS_ISSUES)(kept)


def refuse_others(issue: Issue) -> None:
    """Raise Forbidden unless the person may change the issue."""
    if not edits(issue):
        raise Forbidden(N_("Your role does not include changing issues of other people."))
