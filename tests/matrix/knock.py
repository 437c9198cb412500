"""Send one request as somebody, take back what it did, and say what it told and changed."""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from peewee import BooleanField, Model, ModelSelect

from domain.accounts import sessions
from domain.accounts.models import User
from domain.db import JSONText, database
from domain.tenancy.models import Tenant
from tests.matrix import twins
from tests.matrix.twins import FOREIGN, MARK, NOBODYS

_MARKS = re.compile(rb"</?(?:ins|del|mark)\b[^>]*>")  # where what was typed differs from what stands there
_VARYING = re.compile(  # the numbers asked for, also as people write them; tokens that are new each time
    rb"\bname=\"form_token\" value=\"[\w-]+\""  # holds the second in which it was made
    rb"|\bvalue=\"[0-9a-f]{16}\"|(?:7|9)00[.,\xc2\xa0' ]*00[19]|[\w-]{20,}\.[\w-]{6}\.[\w-]{20,}"
)

PEOPLE: dict[str, type[Model]] = {"tenant": Tenant, "user": User}  # tables whose rows belong to no tenant


def _unpacked(archive: bytes) -> bytes:
    """Names and contents of a ZIP, without its dates."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return b"".join(name.encode() + opened.read(name) for name in sorted(opened.namelist()))


@dataclass(frozen=True)
class Answer:
    """What came back, with the numbers of foreign and missing rows made equal; `wrote`: anything was written."""

    status: int
    body: bytes
    location: str
    wrote: bool
    reached: tuple[str, ...]  # what of the other tenant was changed or is named by own rows now

    @property
    def leaks(self) -> bool:
        return MARK.encode().lower() in self.body.lower() or MARK.lower() in self.location.lower()

    def alike(self, other: "Answer") -> bool:
        return (self.status, self.body, self.location) == (other.status, other.body, other.location)


class Door:
    """The application, and people who are signed in at it."""

    def __init__(self, app: Flask, foreign_tenant: Tenant, own_tenant: Tenant) -> None:
        self.app, self._foreign, self._own = app, foreign_tenant, own_tenant
        self._cookies: dict[int, str] = {}
        self._models = {model._meta.table_name: model for model in twins.tables()}
        self._before = self._fingerprints(self._kept())
        self._watch()

    def knock(self, user: User | None, method: str, url: str, **request: Any) -> Answer:
        """One request inside of a transaction that is rolled back afterwards."""
        client = self.app.test_client()
        if user is not None:
            client.set_cookie("rb", self._cookie(client, user))
        self.app.extensions["throttle"].storage.reset()
        with database.atomic() as transaction:
            changes = self._changes()
            answer = client.open(url, method=method, **request)
            body = answer.get_data()
            if answer.mimetype == "application/zip":  # an archive tells the second it was made
                body = _unpacked(body)
            wrote = self._changes() != changes
            reached = self._reached() if wrote else ()
            transaction.rollback()
        answer.close()
        location = answer.headers.get("Location", "") + answer.headers.get("HX-Redirect", "")
        body = _VARYING.sub(b"", _MARKS.sub(b"", body))
        return Answer(
            answer.status_code, body, _VARYING.sub(b"", location.encode()).decode(), wrote, reached
        )  # fmt: skip

    def _cookie(self, client: FlaskClient, user: User) -> str:
        if user.id not in self._cookies:
            with client.session_transaction() as session:
                session["_user_id"], session["_fresh"] = sessions.begin(user), True
            self._cookies[user.id] = client.get_cookie("rb").value  # type: ignore[union-attr]
        return self._cookies[user.id]

    @staticmethod
    def _changes() -> int:
        return database.obj.connection().total_changes

    def _watch(self) -> None:
        """Let the connection itself note which tables a request writes to: looking through all of them after each
        would take longer than all the requests."""
        connection = database.obj.connection()
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS written (name TEXT)")
        for name in (*self._models, *PEOPLE):
            for act in ("INSERT", "UPDATE", "DELETE"):
                connection.execute(
                    f"""CREATE TEMP TRIGGER IF NOT EXISTS "written_{name}_{act}" AFTER {act} ON main."{name}"
                    BEGIN INSERT INTO written VALUES ('{name}'); END"""
                )

    @staticmethod
    def _written() -> list[str]:
        found = database.obj.connection().execute("SELECT DISTINCT name FROM written ORDER BY name")
        return [row[0] for row in found.fetchall()]

    def _reached(self) -> tuple[str, ...]:
        """Tables in which something of the other tenant differs, or in which an own row names something of it."""
        written = self._written()
        after = self._fingerprints(written)
        found = [f"{name} changed" for name, mark in after.items() if self._before.get(name) != mark]
        for model in (self._models[name] for name in written if name in self._models):
            columns = [f for f in twins.numbers(model) if not isinstance(f, BooleanField)]
            own = model.select().where(model.tenant_id == self._own.id)
            for row in own.where(_any(f == FOREIGN for f in columns)).dicts() if columns else ():
                found += [f"{model._meta.table_name}.{k} names it" for k, v in row.items() if v == FOREIGN]
            for column in (f for f in model._meta.sorted_fields if isinstance(f, JSONText)):
                if model._meta.table_name == "audit_entry":
                    continue
                for row in own.where(column.cast("TEXT").contains(str(FOREIGN))):
                    if _holds(getattr(row, column.name)):
                        found.append(f"{model._meta.table_name}.{column.name} names it")
        return tuple(found)

    def _kept(self) -> list[str]:
        """Tables of which rows must stay as they are."""
        return [*self._models, *PEOPLE]

    def _rows(self, name: str) -> ModelSelect:
        """The rows of a table that must stay as they are: those of the other tenant."""
        model = PEOPLE.get(name) or self._models[name]
        theirs = {"tenant": Tenant.id == self._foreign.id, "user": User.id == FOREIGN}
        return model.select().where(
            theirs[name] if model in PEOPLE.values() else model.tenant_id == self._foreign.id
        )

    def _fingerprints(self, names: Iterable[str]) -> dict[str, str]:
        """Table → hash over the rows that must stay."""
        return {name: _hash(self._rows(name).tuples()) for name in names}


def _hash(rows: Iterable[tuple[Any, ...]]) -> str:
    return hashlib.sha256(repr(list(rows)).encode()).hexdigest()


def _any(conditions: Iterable[Any]) -> Any:
    found = None
    for condition in conditions:
        found = condition if found is None else found | condition
    return found


def _holds(value: Any) -> bool:
    """Whether a JSON value names the foreign number as a number."""
    if isinstance(value, dict):
        return any(_holds(v) for v in value.values())
    if isinstance(value, list):
        return any(_holds(v) for v in value)
    return value in (FOREIGN, NOBODYS) and not isinstance(value, str)
