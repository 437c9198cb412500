"""A series of letters in north, for tests of automailers and their pages."""

from dispatcher import series as door
from domain.automailers import enrolments, series
from domain.automailers.models import Automailer, AutomailerStep, Enrolment
from domain.issues import letters as letters
from domain.issues.models import Issue
from domain.subscribers.models import Subscriber
from tests import mailings
from tests.world import World

ALWAYS = {
    "weekdays": 127, "from_minute": 0, "until_minute": 1440, "start": "hand", "start_holder": "subscriber",
    "start_values": [], "stop_holder": "subscriber", "stop_values": [],
}  # fmt: skip


def letter(world: World, subject: str) -> Issue:
    made = letters.create(world.north.id, world.types["city"].id, world.editor.id, subject)
    letters.write(made, subject, "", "<p>Guten Tag [Vorname|Sie].</p>", {"asset_id": None, "alt": ""})
    return made


def drafted(world: World, *waits: tuple[int, int]) -> Automailer:
    """A series with a letter for each (days, hours)."""
    made = series.create(world.north.id, "Willkommen", world.types["city"].id, world.chief_editor.id)
    for number, (days, hours) in enumerate(waits, 1):
        values = {
            "days": days,
            "hours": hours,
            "issue_id": letter(world, f"Brief {number}").id,
            "value_id": None,
        }
        series.add_step(made, values, world.chief_editor.id)
    return made


def changed(world: World, automailer: Automailer, **values: object) -> None:
    wanted = {**ALWAYS, "name": automailer.name, **values}
    series.change(automailer, wanted, automailer.version, world.chief_editor.id)


def activated(world: World, automailer: Automailer) -> Automailer:
    """Running, its mails approved by the person who asked."""
    automailer = series.get(world.north.id, automailer.id)
    door.activate(world.north, automailer, world.chief_editor, mailings.BASE_URL, alone=True)
    return series.get(world.north.id, automailer.id)


def enrolled(world: World, automailer: Automailer, person: Subscriber) -> Enrolment:
    enrolments.add(automailer, person, world.chief_editor.id)
    return place(automailer, person)


def place(automailer: Automailer, person: Subscriber) -> Enrolment:
    return Enrolment.get(
        Enrolment.tenant_id == automailer.tenant_id, Enrolment.automailer_id == automailer.id,
        Enrolment.subscriber_id == person.id,
    )  # fmt: skip


def steps(automailer: Automailer) -> list[AutomailerStep]:
    return series.steps(automailer)
