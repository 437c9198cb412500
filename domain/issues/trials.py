"""Test persons of a tenant, alone or in test groups: who gets mails while they are tried out."""

import re
from collections.abc import Iterable

from peewee import IntegrityError

from domain.audit import log
from domain.db import database
from domain.errors import N_, Invalid, NotFound
from domain.issues.models import TrialPerson
from domain.subscribers import addresses, suppression, words

MOST = 5  # mails of one test
MOST_TEAMS = 10  # of one person
_SEPARATOR = re.compile(r"[,;\n]")
Person = TrialPerson


def every(tenant_id: int) -> list[TrialPerson]:
    """All test persons by name."""
    query = TrialPerson.select().where(TrialPerson.tenant_id == tenant_id)
    return list(query.order_by(TrialPerson.name, TrialPerson.id))


def get(tenant_id: int, person_id: int) -> TrialPerson:
    """A test person of the tenant; raises NotFound."""
    found = TrialPerson.get_or_none(TrialPerson.tenant_id == tenant_id, TrialPerson.id == person_id)
    if found is None:
        raise NotFound
    return found


def teams(people: Iterable[TrialPerson]) -> dict[str, list[TrialPerson]]:
    """Name of a test group → the persons in it, by name."""
    found: dict[str, list[TrialPerson]] = {}
    for person in people:
        for team in person.teams or []:
            found.setdefault(team, []).append(person)
    return dict(sorted(found.items(), key=lambda pair: pair[0].casefold()))


def save(
    tenant_id: int, name: str, address: str, groups: str, user_id: int, found: TrialPerson | None = None
) -> TrialPerson:
    """Create or change a test person; `groups`: names with commas between them. Raises Invalid."""
    wrong: dict[str, str | tuple[str, dict[str, object]]] = {}
    name = words.one_line(name, 120)
    if not name:
        wrong["name"] = N_("A test person needs a name.")
    try:
        parsed = addresses.parse(address)
    except addresses.BadAddress as error:
        wrong["address"] = error.message
    if wrong:
        raise Invalid(fields=wrong)
    person = found or TrialPerson(tenant_id=tenant_id)
    person.name, person.address, person.address_key = name, parsed.written, parsed.key
    named = [words.one_line(part, 60) for part in _SEPARATOR.split(groups)]
    person.teams = list(dict.fromkeys(filter(None, named)))[:MOST_TEAMS]
    try:
        with database.atomic():
            person.save()
            _log(person, "trial.save", user_id)
    except IntegrityError:
        raise Invalid(fields={"address": N_("There is a test person with this address already.")}) from None
    return person


def remove(person: TrialPerson, user_id: int) -> None:
    with database.atomic():
        person.delete_instance()
        _log(person, "trial.remove", user_id)


def targets(tenant_id: int, own: str, chosen: Iterable[int], named: str) -> list[str]:
    """The addresses of a test, each once: the own one (or ""), of chosen test persons, and those in a text with
    commas or line breaks between them. Raises Invalid for one that is none or may not be mailed, and for nobody."""
    found = {addresses.key_of(own): own} if own else {}
    wanted = set(chosen)
    found |= {p.address_key: p.address for p in every(tenant_id) if p.id in wanted}
    for part in filter(None, (piece.strip() for piece in _SEPARATOR.split(named))):
        try:
            parsed = addresses.parse(part)
        except addresses.BadAddress as error:
            raise Invalid(fields={"named": error.message}) from None
        found.setdefault(parsed.key, parsed.written)
    if not found:
        raise Invalid(fields={"named": N_("Choose who gets the test mail, or enter an address.")})
    stopped = suppression.stopped(tenant_id, found)
    if stopped:
        address = found[sorted(stopped)[0]]
        raise Invalid(
            fields={
                "named": (
                    N_("%(address)s is on the suppression list and gets no test mail."),
                    {"address": address},
                )
            }
        )
    return list(found.values())


def _log(person: TrialPerson, act: str, user_id: int) -> None:
    log.record(
        person.tenant_id, act, user_id=user_id, kind="trial_person", object_id=person.id,
        details={"name": person.name},
    )  # fmt: skip
