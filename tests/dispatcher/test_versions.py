"""A campaign that was corrected while it ran: the rest gets the new mail, what may have arrived the old one."""

import email
import email.policy

from dispatcher.message.compose import MessageSource, compile_message
from dispatcher.worker import Deliver
from domain.campaigns.models import Campaign
from domain.issues.models import IssueRevision
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState
from tests.dispatcher.mailing import DATE, SOURCE, EngineSettings, mailing, tenant
from tests.dispatcher.sinks import Sink
from tests.dispatcher.test_deliver import QUICK, finished, until


def test_doubtful_rows_keep_their_version_and_all_others_get_the_new_one(database, tmp_path):
    campaign = mailing(tenant(), 6)
    old = IssueRevision.get_by_id(campaign.revision_id)
    source = MessageSource(**{**vars(SOURCE), "subject": "Berichtigt"})
    new = IssueRevision.create(
        tenant_id=old.tenant_id, issue_id=old.issue_id, number=99, fingerprint="g", subject="Berichtigt",
        preheader="", html=old.html, plain=old.plain, size_bytes=1,
        compiled=compile_message(source, date=DATE, boundary_seed=b"new").dump(),
    )  # fmt: skip
    ids = [row.id for row in Delivery.select().order_by(Delivery.id)]
    for delivery_id, state, handed_over in (
        (ids[0], DeliveryState.UNCERTAIN, True), (ids[1], DeliveryState.DEFERRED, True),
        (ids[2], DeliveryState.DEFERRED, False),
    ):  # fmt: skip
        Delivery.update(state=state, handed_over=handed_over, revision_id=old.id).where(
            Delivery.id == delivery_id
        ).execute()
    Campaign.update(revision_id=new.id, previous={"revision_id": old.id}).execute()
    with Sink().running() as sink:
        engine = Deliver(EngineSettings(tmp_path, database, f"smtp://127.0.0.1:{sink.port}"), QUICK)
        engine.start()
        try:
            until(finished(campaign))
        finally:
            engine.stop(20)
    subjects = {
        to: email.message_from_bytes(raw, policy=email.policy.default)["Subject"] for to, raw in sink.accepted
    }
    assert len(sink.accepted) == 6
    assert {to for to, subject in subjects.items() if subject != "Berichtigt"} == {
        "p1@x.example",
        "p2@x.example",
    }
    got = {row.address_key: row.revision_id for row in Delivery.select()}
    assert got["p1@x.example"] == got["p2@x.example"] == old.id
    assert {got[f"p{n}@x.example"] for n in (3, 4, 5, 6)} == {new.id}
