"""The mail after a mailing says in plain words what became of everybody, and where somebody must decide."""

import pytest

from dispatcher.housemail import completion, letterhead
from domain import clock
from domain.accounts.models import User
from domain.campaigns.models import Campaign
from domain.ledger import refusals
from domain.ledger.models import Delivery
from domain.ledger.refusals import Refusal
from domain.ledger.states import DeliveryState as D
from domain.ledger.states import LeftOut
from domain.notices.models import OutboxMail
from tests.dispatcher.mailing import mailing, tenant

FATES = [
    (D.FAILED, 550, "5.1.1"), (D.FAILED, 550, "5.1.1"), (D.FAILED, 552, "5.2.2"), (D.FAILED, 554, "5.7.26"),
    (D.FAILED, 550, None), (D.FAILED, None, None), (D.EXPIRED, None, None), (D.DEFERRED, 450, "4.2.2"),
    (D.UNCERTAIN, None, None), (D.HELD, None, None),
]  # fmt: skip


@pytest.fixture
def campaign(database) -> Campaign:
    """Twelve people: ten with a fate of their own, one taken, one left out."""
    user = User.create(email="eva@nord.example", name="Eva Nord", password="", language="de")
    made = mailing(tenant(), 12, started_by_id=user.id)
    rows = list(Delivery.select().order_by(Delivery.id))
    for row, (state, code, enhanced) in zip(rows, FATES, strict=False):
        row.state, row.reply_code, row.enhanced = state, code, enhanced
        row.next_at = 1_795_345_800 if state == D.DEFERRED else 0  # 2026-11-22, 11:10 UTC
        row.save()
    Delivery.update(state=D.SENT).where(Delivery.id == rows[10].id).execute()
    Delivery.update(state=D.SUPPRESSED, reason=LeftOut.UNSUBSCRIBED).where(
        Delivery.id == rows[11].id
    ).execute()
    letterhead.configure("https://rundbrief.example")
    return made


def told(campaign: Campaign) -> OutboxMail:
    completion.tell(campaign)
    return OutboxMail.select().order_by(OutboxMail.id.desc()).get()


def test_who_was_refused_and_who_waits_is_told_by_reason(campaign: Campaign) -> None:
    mail = told(campaign)
    assert mail.subject == "„Test“ ist draußen" and mail.to_address == "eva@nord.example"
    assert "Vom Mailserver angenommen: 1 von 11" in mail.plain
    assert "Endgültig abgelehnt: 6\n- Adresse unbekannt: 2\n" in mail.plain
    for line in (
        "- Postfach voll: 1", "- Durch Regeln des Mailservers abgelehnt: 1", "- Anderer Grund: 1",
        "- Für diese Adresse lässt sich keine Mail bilden: 1",
    ):  # fmt: skip
        assert line in mail.plain.partition("aufgegeben")[0]
    assert "Nach mehreren Tagen aufgegeben: 1\n- Verbindung abgebrochen: 1" in mail.plain
    assert "Vorerst nicht angenommen: 1\n- Postfach voll: 1\n" in mail.plain
    assert "die nächste am 22.11. um 12:10 Uhr" in mail.plain, "in the zone of the tenant"
    assert "Ausgelassen: 1\n- Abgemeldet: 1" in mail.plain
    assert "Ungewiss: 1." in mail.plain and "@x.example" not in mail.plain


def test_what_a_person_must_decide_has_a_link_of_its_own(campaign: Campaign) -> None:
    url = f"https://rundbrief.example/t/north/campaigns/{campaign.id}"
    mail = told(campaign)
    assert (
        f"Zurückgehalten: 1. Niemand weiß, ob die Mail angekommen ist. Bitte entscheiden Sie:\n{url}/doubtful"
        in (mail.plain)
    )
    assert mail.plain.endswith(f"Alle Empfänger mit ihrem Stand:\n{url}\n")
    Delivery.update(settled_at=clock.epoch()).where(Delivery.state == D.HELD).execute()
    assert "Zurückgehalten" not in told(campaign).plain, "it is decided already"


def test_in_english_and_with_nothing_to_tell_it_is_short(campaign: Campaign) -> None:
    User.update(language="en").execute()
    Delivery.update(state=D.SENT, reason=None).execute()
    campaign.finished_at = clock.now()
    mail = told(campaign)
    assert mail.subject == "“Test” is finished"
    assert mail.plain.split("\n\n")[2:] == [
        "Taken by the mail server: 12 of 12",
        f"Every recipient with the state of the mail:\nhttps://rundbrief.example/t/north/campaigns/{campaign.id}\n",
    ]


@pytest.mark.parametrize(
    ("enhanced", "code", "kind", "hard"),
    [
        ("5.1.1", 550, Refusal.UNKNOWN, True),
        ("5.1.10", 556, Refusal.DOMAIN, True),
        ("5.2.1", 550, Refusal.CLOSED, True),
        ("5.2.2", 552, Refusal.FULL, False),
        ("4.2.2", 452, Refusal.FULL, False),
        ("", 452, Refusal.FULL, False),
        ("4.2.0", 450, Refusal.LATER, False),
        ("4.7.1", 451, Refusal.LATER, False),
        ("4.1.1", 450, Refusal.LATER, False),  # not known yet
        ("5.2.0", 550, Refusal.OTHER, False),
        ("5.3.4", 0, Refusal.SIZE, False),
        ("5.7.1", 550, Refusal.RULES, False),
        ("5.7.26", 550, Refusal.RULES, False),
        ("5.6.7", 0, Refusal.WRITING, False),
        ("5.0.0", 550, Refusal.OTHER, False),
        ("", 552, Refusal.FULL, False),
        ("", 550, Refusal.OTHER, False),  # says as much as "no"
        (None, 553, Refusal.UNKNOWN, True),
        (None, None, Refusal.WRITING, False),
    ],
)
def test_refusals_are_classed_by_the_enhanced_code(enhanced, code, kind, hard) -> None:
    assert refusals.of(enhanced, code) == kind and refusals.is_hard(kind) == hard
