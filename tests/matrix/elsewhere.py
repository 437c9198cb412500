"""Somebody bound to a territory knocks at every route of his own tenant: about a person who lives elsewhere he learns
no byte and changes nothing, and that person's number looks like one that nobody has."""

import re
from typing import TYPE_CHECKING, Any

from peewee import CharField, Model, ModelSelect, TextField
from werkzeug.routing import Rule

from domain import bounds
from domain.accounts.models import Membership
from domain.db import JSONText
from domain.ledger.models import DeliveryPayload
from domain.subscribers.models import ImportReject, Subscriber, Suppression, SuppressionEvent
from domain.tenancy.models import TerritoryNode
from tests.matrix import forms, twins
from tests.matrix.knock import Answer, Door
from tests.matrix.twins import NOBODYS, OWN

if TYPE_CHECKING:
    from tests.matrix.run import Matrix

MARK = "Zq8Anderswo"
OF_A_PERSON = ("subscriber", "delivery")  # parts of names of fields that name somebody
KEPT_AS_THEY_ARE = {
    "consent",
    "act",
    "birthday",
    "before",
    "after",
    "holder",
    "deliverability",
    "kind",
    "language",
    "country",
}


class Elsewhere(Door):
    """Watches the rows about the person elsewhere instead of those of the other tenant."""

    def _kept(self) -> list[str]:
        return [name for name in self._models if name in bounds.tables()]

    def _rows(self, name: str) -> ModelSelect:
        model = self._models[name]
        return model.select().where(model.tenant_id == self._own.id, _about(model))

    def _reached(self) -> tuple[str, ...]:
        after = self._fingerprints(name for name in self._written() if name in self._before)
        return tuple(f"{name} changed" for name, mark in after.items() if self._before[name] != mark)


def _about(model: type[Model]) -> Any:
    """The rows of a table that are about the person elsewhere; of other tables that hold people: the twin's row."""
    columns = model._meta.columns
    if "subscriber_id" in columns:
        return columns["subscriber_id"] == OWN
    return columns.get("delivery_id", model._meta.primary_key) == OWN


def prepare(matrix: "Matrix") -> Door:
    """Bind the actor to a territory, and put the twin's person elsewhere, with a mark wherever words can stand."""
    world, actor = matrix.made.world, matrix.made.actor
    here = TerritoryNode.create(tenant_id=world.north.id, name="Hier")
    for model in (Subscriber, *(m for m in twins.tables() if m._meta.table_name in bounds.tables())):
        words = {
            f.name: f"{MARK}@leser.example"[: f.max_length or 300] if "address" in f.name else MARK
            for f in model._meta.sorted_fields
            if isinstance(f, CharField | TextField) and not isinstance(f, JSONText)
            and f.name not in KEPT_AS_THEY_ARE and not f.name.endswith(("hash", "path", "state")) and not f.null
        }  # fmt: skip
        if words and model._meta.table_name != "import_job":
            model.update(words).where(model.tenant_id == world.north.id, _about(model)).execute()
    north = world.north.id
    Subscriber.update(
        address=f"{MARK}@leser.example", address_key=f"{MARK}@leser.example".casefold(), territory_id=None
    ).where(Subscriber.tenant_id == north).execute()  # fmt: skip
    DeliveryPayload.update(address=f"{MARK}@leser.example").where(
        DeliveryPayload.tenant_id == north
    ).execute()
    Suppression.update(address_key=f"{MARK}@leser.example".casefold()).where(
        Suppression.tenant_id == north
    ).execute()
    SuppressionEvent.update(shown=f"{MARK}@leser.example").where(
        SuppressionEvent.tenant_id == north
    ).execute()
    ImportReject.update(cells=[MARK]).where(ImportReject.tenant_id == north).execute()
    Membership.update(territory_id=here.id).where(
        Membership.tenant_id == north, Membership.user == actor
    ).execute()
    return Elsewhere(matrix.app, world.south, world.north)


def walk(matrix: "Matrix", routes: list[tuple[str, Rule]]) -> None:
    """All routes below a tenant that are no public ones."""
    door = prepare(matrix)
    for method, rule in routes:
        access = getattr(matrix.app.view_functions[rule.endpoint], "access", None)
        if rule.rule.startswith("/t/<tenant>") and access not in (None, "public", "house"):
            _knock(matrix, door, method, rule)


def _knock(matrix: "Matrix", door: Door, method: str, rule: Rule) -> None:
    own = matrix.address(method, rule)
    if own is None:
        return
    said, actor = f"{method} {rule.rule} from another territory", matrix.made.actor
    names = forms.names_of(matrix.app, rule)
    fields = names.form | matrix.drawn(rule)
    plausible = {"data": matrix.plausible(rule)} if method == "POST" else {}
    _judge(matrix, said, door.knock(actor, method, own, **plausible))
    for name in matrix.ids(rule):
        if any(part in name for part in OF_A_PERSON):
            there = door.knock(actor, method, own, **plausible)
            nobody = door.knock(
                actor, method, matrix.address(method, rule, **{name: NOBODYS}) or "", **plausible
            )
            _judge(matrix, f"{said} with a {name} of elsewhere in the path", there, nobody, (404,))
    if names.query:
        _judge(matrix, f"{said}, its numbers in the query",
               door.knock(actor, method, own, query_string=dict.fromkeys(names.query, OWN)))  # fmt: skip
    if method == "POST":
        given = dict.fromkeys(fields, str(OWN))
        _judge(matrix, f"{said}, its numbers in every field", door.knock(actor, method, own, data=given))
        for name in sorted(n for n in fields if any(part in n for part in OF_A_PERSON)):
            pair = [
                door.knock(actor, method, own, data={**plausible["data"], name: str(n)})
                for n in (OWN, NOBODYS)
            ]
            _judge(matrix, f"{said}, its number as {name}", pair[0], pair[1])


def _judge(
    matrix: "Matrix", said: str, answer: Answer, twin: Answer | None = None, expected: tuple[int, ...] = ()
) -> None:
    tally = matrix.tally
    tally.cases += 1
    if MARK.encode().lower() in answer.body.lower() or MARK.lower() in answer.location.lower():
        tally.leaks.append(f"{said}: shows somebody who lives elsewhere")
    if answer.reached:
        tally.changes.append(f"{said}: {', '.join(answer.reached)}")
    if expected and answer.status not in expected:
        tally.leaks.append(f"{said}: answers {answer.status} instead of {expected[0]}")
    if twin is not None and _plain(answer) != _plain(twin):
        tally.leaks.append(
            f"{said}: somebody elsewhere ({answer.status}) differs from nobody ({twin.status})"
        )
    if answer.status >= 500:
        tally.uncovered.append(f"{said}: fails with {answer.status}")


def _plain(answer: Answer) -> tuple[int, bytes, str]:
    """Without the number asked for."""
    number = re.compile(rb"(?:5|9)00[.,\xc2\xa0' ]*00[19]")
    return answer.status, number.sub(b"", answer.body), number.sub(b"", answer.location.encode()).decode()
