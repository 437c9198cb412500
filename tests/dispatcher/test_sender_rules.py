"""What leaves the house: nothing from a sender that is not verified, signed mails where a key is switched on."""

import base64
import email
import email.policy
import threading

import dkim
import pytest

from dispatcher import keymaking
from dispatcher.engine import signing, starting, sysmail
from dispatcher.message.dkim import Signed
from domain.campaigns.models import Campaign, CampaignStatus
from domain.errors import Invalid
from domain.ledger import outbox
from domain.ledger.states import DeliveryState
from domain.notices import outbox as system_mails
from domain.notices.models import MailState, OutboxMail
from domain.senders import domains, keys
from domain.senders.models import DkimKey, SenderDomain
from tests.dispatcher.mailing import mailing, tenant
from tests.dispatcher.sinks import Sink
from tests.dispatcher.test_deliver import finished, sending, states, until

__all__ = ["sending"]


def switched_on(owner, algorithm="ed25519"):
    """A key of nord.example that signs."""
    domain = SenderDomain.get(SenderDomain.tenant_id == owner.id)
    made = keys.add(domain, algorithm, *keymaking.make(algorithm), 1)
    keys.seen(domain, made, True)
    keys.switch_on(domain, made, 1)
    return made


class Gate:
    """A sink that takes five mails, says so and then waits until it is opened."""

    def __init__(self):
        self.reached, self.open = threading.Event(), threading.Event()
        self.sink = Sink(self._answer)

    def _answer(self, verb, line):
        if verb == "BODY" and len(self.sink.accepted) >= 5:
            self.reached.set()
            self.open.wait(20)
        return None


def verified(raw, index=0):
    """Whether the signature of a mail holds against what the house asks people to enter in DNS."""
    records = {}
    for key in DkimKey.select():
        name, value = keys.record(SenderDomain.get_by_id(key.domain_id), key)
        records[f"{name}.".encode()] = value.encode()
    return bool(dkim.DKIM(raw).verify(index, dnsfunc=lambda name, timeout=5: records.get(name)))


def test_a_mailing_whose_sender_was_never_verified_stops_with_the_reason(sending):
    owner = tenant()
    campaign = mailing(owner, 5)
    SenderDomain.delete().execute()
    with Sink().running() as sink, sending(sink.port):
        until(lambda: Campaign.get_by_id(campaign.id).status == CampaignStatus.STOPPED)
    stopped = Campaign.get_by_id(campaign.id)
    assert stopped.wait_reason == domains.UNVERIFIED and stopped.wait_params == {"domain": "nord.example"}
    assert sink.accepted == []


def test_withdrawing_the_domain_stops_a_mailing_that_is_under_way(sending):
    owner = tenant()
    campaign = mailing(owner, 3000)
    gate = Gate()
    with gate.sink.running() as sink, sending(sink.port, connections=2):
        until(lambda: gate.reached.is_set())
        domains.withdraw(SenderDomain.get(), 1)
        until(lambda: Campaign.get_by_id(campaign.id).status == CampaignStatus.STOPPED)
        gate.open.set()
        until(lambda: not outbox.is_open(campaign.tenant_id, campaign.id, (DeliveryState.LEASED,)))
    assert 5 <= len(sink.accepted) <= 5 + 2 * 2  # what the connections had in hand


def test_the_sender_inside_the_mail_counts_whatever_the_campaign_says(database):
    owner = tenant()
    campaign = mailing(owner, 1)
    SenderDomain.update(domain="else.example").execute()
    Campaign.update(sender_address="news@else.example").execute()
    with pytest.raises(Invalid):
        starting.compiled(Campaign.get_by_id(campaign.id))


def test_another_tenants_domain_is_of_no_use(database):
    owner, other = tenant(), tenant("other")
    campaign = mailing(owner, 1)
    SenderDomain.delete().where(SenderDomain.tenant_id == owner.id).execute()
    assert SenderDomain.get().tenant_id == other.id
    with pytest.raises(Invalid):
        signing.message(Campaign.get_by_id(campaign.id))


def test_every_mail_of_a_mailing_is_signed_and_verifies(sending):
    owner = tenant()
    switched_on(owner, "rsa")
    switched_on(owner)
    campaign = mailing(owner, 40)
    with Sink().running() as sink, sending(sink.port):
        until(finished(campaign))
    assert states(campaign) and len(sink.accepted) == 40
    for _, raw in sink.accepted:
        assert verified(raw, 0) and verified(raw, 1)


def test_without_a_key_nothing_is_signed(sending):
    campaign = mailing(tenant(), 3)
    with Sink().running() as sink, sending(sink.port):
        until(finished(campaign))
    assert all(b"DKIM-Signature" not in raw for _, raw in sink.accepted)


def test_a_key_that_is_switched_on_meanwhile_signs_the_rest(sending):
    owner = tenant()
    campaign = mailing(owner, 2000)
    gate = Gate()
    with gate.sink.running() as sink, sending(sink.port, connections=2) as engine:
        until(lambda: gate.reached.is_set())
        key = switched_on(owner)
        until(
            lambda: (
                campaign.id in (runs := engine.recorder.roster.runs)
                and runs[campaign.id][0].key_ids == (key.id,)
            )
        )
        gate.open.set()
        until(finished(campaign))
    assert len(sink.accepted) == 2000 == len({to for to, _ in sink.accepted})
    unsigned = [to for to, raw in sink.accepted if b"DKIM-Signature" not in raw]
    assert 5 <= len(unsigned) <= 5 + 2 * 2


def test_the_same_campaign_gives_the_same_signed_bytes(database):
    owner = tenant()
    switched_on(owner)
    campaign = mailing(owner, 1)
    recipient = (7, "a@x.example", "A", {"Vorname": "A"}, "tok")
    one, other = (signing.message(Campaign.get_by_id(campaign.id)) for _ in range(2))
    assert isinstance(one, Signed) and one.render(recipient) == other.render(recipient)


def test_a_key_that_cannot_be_opened_lets_mails_leave_unsigned(database):
    owner = tenant()
    made = switched_on(owner)
    DkimKey.update(sealed="s1.AAAA").where(DkimKey.id == made.id).execute()
    campaign = mailing(owner, 1)
    assert not isinstance(signing.message(Campaign.get_by_id(campaign.id)), Signed)


def queued(owner, **values):
    return system_mails.queue(
        "optin", tenant_id=owner.id, to_address="a@x.example", subject="Bitte bestätigen", plain="Hallo\n",
        sender_name="Verlag Nord", **values,
    )  # fmt: skip


def test_system_mails_are_signed_too(sending):
    owner = tenant()
    switched_on(owner)
    row = queued(owner, sender_address="news@nord.example")
    with Sink().running() as sink, sending(sink.port):
        until(lambda: OutboxMail.get_by_id(row.id).state == MailState.SENT)
    assert verified(sink.accepted[0][1])


def test_a_system_mail_in_an_unverified_name_leaves_in_the_houses(database):
    owner = tenant()
    row = queued(owner, sender_address="news@else.example")
    mail = sysmail.build(row, "rundbrief@house.example", "house.example", 1.0)
    assert mail.sender == b"rundbrief@house.example"
    message = email.message_from_bytes(mail.body, policy=email.policy.default)
    assert message["From"].addresses[0].addr_spec == "rundbrief@house.example"


def test_a_test_mail_in_an_unverified_name_does_not_leave(sending):
    owner = tenant()
    raw = base64.b64encode(b"From: <news@else.example>\r\n\r\nx\r\n").decode()
    row = queued(owner, sender_address="news@else.example", raw=raw)
    with Sink().running() as sink, sending(sink.port):
        until(lambda: OutboxMail.get_by_id(row.id).state == MailState.FAILED)
    assert sink.accepted == [] and "no verified sender domain" in OutboxMail.get_by_id(row.id).reply
