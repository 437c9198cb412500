"""Walk the URL map: every route and method against everybody who must not get through.

Run by `make matrix` (prints one line of JSON last) and by tests/portal/test_matrix.py.
"""

import io
import json
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.routing import BuildError, Rule

from domain.accounts.models import User
from domain.accounts.permissions import Permission
from tests.matrix import elsewhere, forms, twins
from tests.matrix.knock import Answer, Door
from tests.matrix.twins import FOREIGN, NOBODYS, OWN, Twins

WORDS = (
    "tenant",
    "slug",
    "token",
    "key",
    "size",
    "filename",
    "name",
    "part",
    "kind",
    "act",
)  # converters that are no id
PLAUSIBLE = {
    "to": str(OWN),
    "name": "Neu", "email": "neu@nord.example", "address": "neu@nord.example", "title": "Neu", "subject": "Neu",
    "reason": "Grund genug", "remark": "So nicht", "note": "Notiz", "kind": "text", "way": "up", "decision": "return",
    "status": "active", "domain": "neu.example", "fingerprint": twins.FINGERPRINT, "version": "1", "language": "de",
    "consents": "proved", "state": "stopped", "act": "save", "slug": "neu", "consent_text": "Ja", "last_name": "Neu",
}  # fmt: skip
SPOKEN = {("senders.change_key", "act"): "off"}  # words that a route knows, where any other is a missing page
ELSEWHERE = {  # routes whose number is no row of ours, or whose row must be in a state that excludes others
    "inbox.show": "mails of the catcher", "inbox.html": "mails of the catcher",
    "blocks.restore": "only a removed block comes back", "blocks.step": "a step that can be undone",
    "blocks.copy": "one of the ways to copy", "releases.copy_into": "another own tenant",
    "letters.show": "the twins' issues are no letters", "letters.save": "the same",
    "releases.received": "only others' releases are received", "releases.body": "the same",
    "releases.copy": "the same", "releases.mail": "the same",
    "administering.article": "the same", "administering.files": "the same", "administering.robinson": "the same",
    "administering.file": "the same", "administering.describe": "the same", "administering.replace": "the same",
    "administering.segment": "the same", "releases.employ": "the same",
    "rollouts.received": "only a branch receives a rollout", "rollouts.mail": "the same", "rollouts.join": "the same",
    "rollouts.decline": "the same", "rollouts.again": "a branch that lacks nothing",
    "rollouts.renew": "a rollout that is still in preparation",
    "followups.draft": "a mailing without a following one", "followups.ask_missing": "the same",
    "followups.discard": "the same", "followups.decide": "a mailing without a doubt",
    "organisations.drop_note": "the note of the twins is one about a subscriber, whose route is knocked at",
}  # fmt: skip
CARRIERS = {
    "a placeholder": f"[segment:{FOREIGN}|x] [{FOREIGN}] {{{{{FOREIGN}}}}}",
    "a JSON value": json.dumps(
        {"id": FOREIGN, "ids": [FOREIGN], "all": [{"field": "list", "value": FOREIGN}]}
    ),
    "a path": f"/t/south/media/{FOREIGN}?id={FOREIGN}",
}


@dataclass
class Tally:
    """What was tried and what went wrong, in words."""

    routes: int = 0
    cases: int = 0
    leaks: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    uncovered: list[str] = field(default_factory=list)

    def judge(
        self, said: str, answer: Answer, expected: tuple[int, ...] = (), twin: Answer | None = None
    ) -> None:
        """One case: nothing of the other tenant in the answer, nothing of it changed, the expected status, and the
        same as its twin (the same request about something that nobody has)."""
        self.cases += 1
        if answer.leaks:
            self.leaks.append(f"{said}: shows the other tenant")
        if answer.reached:
            self.changes.append(f"{said}: {', '.join(answer.reached)}")
        if expected and answer.status not in expected:
            self.leaks.append(f"{said}: answers {answer.status} instead of {expected[0]}")
        if expected and answer.wrote:
            self.changes.append(f"{said}: refused, and yet something was written")
        if twin is not None and not answer.alike(twin):
            self.leaks.append(
                f"{said}: a foreign one ({answer.status}) differs from a missing one ({twin.status})"
            )
        if answer.status >= 500:
            self.uncovered.append(f"{said}: fails with {answer.status}")

    def line(self) -> str:
        """The one line of JSON."""
        counts = {key: len(getattr(self, key)) for key in ("leaks", "changes", "uncovered")}
        return json.dumps({"routes": self.routes, "cases": self.cases, **counts})


class Matrix:
    """All cases of all routes. Not `thorough`: of the ways in which a text can carry the number one per route, and
    of the fields alone those that name ids and a third of the others."""

    thorough = True

    def __init__(self, app: Flask, made: Twins) -> None:
        self.app, self.made, self.tally = app, made, Tally()
        world = made.world
        self.door = Door(app, world.south, world.north)
        self.nobody = twins.holding(made, "nobody", frozenset())
        self._people: dict[frozenset[Permission], User] = {}
        self._drawn: dict[str, set[str]] = {}

    def walk(self, below: str = "/", part: int = 0, parts: int = 1) -> Tally:
        """Pages first: their forms name fields of the routes that follow. Of several `parts`, each with a house of
        its own, one knocks at its own routes and only draws the pages of the others."""
        routes = [pair for pair in self._routes() if pair[1].rule.startswith(below)]
        mine = []
        for method, rule in sorted(routes, key=lambda pair: (pair[0] != "GET", pair[1].rule)):
            access = getattr(self.app.view_functions[rule.endpoint], "access", None)
            if zlib.crc32(rule.rule.encode()) % parts != part:
                if method == "GET" and access not in (None, "public"):
                    self._as_oneself(method, rule, access)
                continue
            mine.append((method, rule))
            self.tally.routes += 1
            if access is None:
                self.tally.uncovered.append(f"{method} {rule.rule}: says nobody who may see it")
            elif access == "public":
                self._public(method, rule)
            else:
                self._guarded(method, rule, access)
        elsewhere.walk(self, mine)  # last: it binds the actor to a territory
        return self.tally

    def drawn(self, rule: Rule) -> set[str]:
        """Names of fields that forms of drawn pages send to a route."""
        return self._drawn.get(rule.endpoint, set())

    def _routes(self) -> Iterator[tuple[str, Rule]]:
        for rule in self.app.url_map.iter_rules():
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                if rule.endpoint != "static":
                    if method not in ("GET", "POST"):
                        self.tally.uncovered.append(f"{method} {rule.rule}: a method that we do not use")
                    yield method, rule

    def _guarded(self, method: str, rule: Rule, access: Any) -> None:
        said = f"{method} {rule.rule}"
        own = self.address(method, rule)
        if own is None:
            return
        judge, knock, actor = self.tally.judge, self.door.knock, self.made.actor
        judge(f"{said} signed out", knock(None, method, own), (401, 302))
        if access == "house":
            judge(f"{said} without the right", knock(actor, method, own), (403,))
        elif isinstance(access, tuple):
            self._rights(method, rule, own, access)
        if access != "house" and rule.rule.startswith("/t/<tenant>"):
            elsewhere = knock(actor, method, self.address(method, rule, tenant="south") or "")
            missing = knock(actor, method, self.address(method, rule, tenant="no-such-tenant") or "")
            judge(f"{said} in the other tenant", elsewhere, (404,), missing)
        for name in self.ids(rule) if access != "house" else ():
            foreign = knock(actor, method, self.address(method, rule, **{name: FOREIGN}) or "")
            missing = knock(actor, method, self.address(method, rule, **{name: NOBODYS}) or "")
            judge(f"{said} with the other tenant's {name} in the path", foreign, (404,), missing)
        answer = self._as_oneself(method, rule, access)
        if access != "house" and answer is not None:
            judge(f"{said} as oneself", answer)
            if self.ids(rule) and answer.status == 404 and rule.endpoint not in ELSEWHERE:
                self.tally.uncovered.append(f"{said}: the own row answers 404, so the path proves nothing")
        if access != "house":
            self._carried(method, rule, own)

    def _as_oneself(self, method: str, rule: Rule, access: Any) -> Answer | None:
        """The own row, as somebody who may; notes which fields the forms of a page send where."""
        own = self.address(method, rule)
        if own is None:
            return None
        who = self.made.actor if access != "house" else self.made.world.administrator
        data = {"data": self.plausible(rule)} if method == "POST" else {}
        answer = self.door.knock(who, method, own, **data)
        if method == "GET" and answer.body.lstrip()[:1] == b"<":
            drawn = forms.drawn(self.app, answer.body.replace(b"ID", str(OWN).encode()))
            for endpoint, names in drawn.items():
                self._drawn.setdefault(endpoint, set()).update(names)
        return answer

    def _rights(self, method: str, rule: Rule, own: str, access: tuple[Permission, ...]) -> None:
        """No right at all, the area switched off, every other right of the area."""
        said = f"{method} {rule.rule}"
        areas = {p.module for p in access}
        off = frozenset(p for p in Permission if p.module not in areas)
        others = frozenset(p for p in Permission if p not in access)
        refused = (403,) if any(p.module in areas for p in others) else (404,)
        for words, rights, expected in (
            ("without any right", frozenset(), (404,)), ("with the area switched off", off, (404,)),
            ("with every right but this", others, refused),
        ):  # fmt: skip
            self.tally.judge(f"{said} {words}", self.door.knock(self._holding(rights), method, own), expected)

    def _carried(self, method: str, rule: Rule, own: str) -> None:
        """The other tenant's number in query, form, file name, JSON, placeholder and segment."""
        said, names = f"{method} {rule.rule}", forms.names_of(self.app, rule)
        for name in sorted(names.query):
            self._pair(
                f"{said} with it as ?{name}", method, own, lambda n, name=name: {"query_string": {name: n}}
            )
        if method != "POST":
            return
        fields, plausible = names.form | self._drawn.get(rule.endpoint, set()), self.plausible(rule)
        for name in sorted(fields - names.texts):
            if not self.thorough and "id" not in name and zlib.crc32(f"{rule.rule} {name}".encode()) % 3:
                continue
            self._pair(
                f"{said} with it as {name}", method, own,
                lambda n, name=name: {"data": {**plausible, name: str(n)}},
            )  # fmt: skip
        self._pair(
            f"{said} with it in every field", method, own, lambda n: {"data": dict.fromkeys(fields, str(n))}
        )
        self._pair(
            f"{said} with it in JSON", method, own, lambda n: {"json": dict.fromkeys(fields | {"id"}, n)}
        )
        carriers = list(CARRIERS.items())
        if not self.thorough:
            carriers = [carriers[zlib.crc32(rule.rule.encode()) % len(carriers)]]
        for words, text in carriers:
            self._pair(
                f"{said} with it in {words}", method, own,
                lambda n, text=text: {"data": {**plausible, **dict.fromkeys(
                    names.texts or fields, text.replace(str(FOREIGN), str(n)))}},
            )  # fmt: skip
        for name in sorted(names.files):
            self._pair(
                f"{said} with it as the name of {name}", method, own,
                lambda n, name=name: {"data": {name: (io.BytesIO(b"x"), f"../../south/{n}.png")}},
            )  # fmt: skip

    def plausible(self, rule: Rule) -> dict[str, str]:
        """What a person might have typed, as far as we know the fields of the route."""
        names = forms.names_of(self.app, rule).form | self._drawn.get(rule.endpoint, set())
        return {name: PLAUSIBLE[name] for name in sorted(names) if name in PLAUSIBLE}

    def _pair(self, said: str, method: str, url: str, make: Any) -> None:
        for _ in range(2):  # a page may tell the time, which goes on between two knocks
            foreign = self.door.knock(self.made.actor, method, url, **make(FOREIGN))
            missing = self.door.knock(self.made.actor, method, url, **make(NOBODYS))
            if foreign.alike(missing):
                break
        if not foreign.alike(missing) and foreign.status == missing.status:
            again = self.door.knock(self.made.actor, method, url, **make(NOBODYS))
            if not again.alike(missing):  # a page that is new each time (a fresh secret) is alike to no twin
                missing = foreign
        self.tally.judge(said, foreign, (), missing)

    def _public(self, method: str, rule: Rule) -> None:
        """A reader of north learns nothing of south: not by its names, not by an altered token."""
        said = f"{method} {rule.rule}"
        foreign = self.address(method, rule, word=f"{twins.MARK}-slug".casefold(), number=FOREIGN)
        missing = self.address(method, rule, word="zq7nichts-slug", number=NOBODYS)
        if foreign is None or missing is None:
            return
        one, other = self.door.knock(None, method, foreign), self.door.knock(None, method, missing)
        body = one.body.replace(f"{twins.MARK}-slug".casefold().encode(), b"zq7nichts-slug")
        location = one.location.replace(f"{twins.MARK}-slug".casefold(), "zq7nichts-slug")
        one = Answer(one.status, body, location, one.wrote, one.reached)
        self.tally.judge(f"{said} as a reader", one, (), other)

    def address(
        self,
        method: str,
        rule: Rule,
        tenant: str = "north",
        word: str = "x",
        number: int = OWN,
        **others: Any,
    ) -> str | None:
        """The path of a route with own numbers, except for `others`."""
        values: dict[str, Any] = {}
        for name in rule.arguments:
            kind = type(rule._converters[name]).__name__
            if name in others:
                values[name] = others[name]
            elif kind == "IntegerConverter":
                values[name] = number
            elif name == "tenant":
                values[name] = tenant
            elif name in WORDS:
                values[name] = SPOKEN.get((rule.endpoint, name), word)
            else:
                self.tally.uncovered.append(f"{method} {rule.rule}: what should stand for <{name}>?")
                return None
        try:
            return self.app.url_map.bind("localhost").build(rule.endpoint, values, method=method)
        except BuildError as error:
            self.tally.uncovered.append(f"{method} {rule.rule}: {error}")
            return None

    def _holding(self, rights: frozenset[Permission]) -> User:
        if rights not in self._people:
            self._people[rights] = twins.holding(self.made, f"holder{len(self._people)}", rights)
        return self._people[rights]

    @staticmethod
    def ids(rule: Rule) -> list[str]:
        return sorted(n for n, c in rule._converters.items() if type(c).__name__ == "IntegerConverter")


def main() -> int:
    """A fresh house in a temporary folder; 1 if anything was found."""
    import tempfile
    from pathlib import Path

    from domain import db
    from portal import settings
    from portal.factory import create_app
    from tests import scope

    with tempfile.TemporaryDirectory() as folder, scope.watched():
        Path(folder, "instance").mkdir()
        url = f"sqlite:///{folder}/portal.db"
        bound = db.bind(url)
        db.migrate()
        app = create_app(settings.load({"INSTANCE": f"{folder}/instance", "DATABASE_URL": url, "DEMO": "0"}))
        app.config["WTF_CSRF_ENABLED"] = False  # what is behind the form's token is what counts here
        with db.connection():
            tally = Matrix(app, twins.build()).walk()
        bound.close()
    for words in ("leaks", "changes", "uncovered"):
        for line in getattr(tally, words):
            print(f"{words}: {line}")
    print(tally.line())
    return int(bool(tally.leaks or tally.changes or tally.uncovered))


if __name__ == "__main__":
    sys.exit(main())
