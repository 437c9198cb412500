"""What the sender page says, against a name server of our own: each rule green when kept, red with what to do."""

import ipaddress
from datetime import timedelta
from types import SimpleNamespace

import pytest

from dispatcher import keymaking
from dispatcher.deliverability import mailcheck, spf
from dispatcher.deliverability.domainfacts import Sample
from dispatcher.deliverability.resolver import Resolver, Unanswered
from dispatcher.jobs import domains as job
from domain import clock
from domain.accounts.models import User
from domain.campaigns.models import Campaign
from domain.ledger import events
from domain.ledger.models import Delivery
from domain.notices.models import Notice, OutboxMail
from domain.senders import domains, findings, keys
from domain.senders.findings import Light
from domain.senders.models import Proof, Relay, SenderDomain
from domain.subscribers.models import Consent, Subscription
from domain.tenancy.models import Tenant
from tests import world as worlds
from tests.dispatcher.mailing import mailing
from tests.dispatcher.nameserver import NameServer

IP = "192.0.2.25"


@pytest.fixture
def dns():
    with NameServer().running() as server:
        yield server


@pytest.fixture
def world(database):
    return worlds.build()


@pytest.fixture
def domain(world):
    return domains.add(world.north.id, "nord.example", world.administrator.id)


@pytest.fixture
def house(dns, tmp_path):
    """Settings of a house that sends through mail.relay.example."""
    return SimpleNamespace(
        dns_resolver=dns.address, outgoing_ips=(), instance=tmp_path, public_url="https://post.example",
        smtp_url="smtp://mail.relay.example:587?security=required",
    )  # fmt: skip


@pytest.fixture
def healthy(dns, domain):
    """A zone in which everything is as it should be."""
    dns.has("mail.relay.example", "A", IP)
    dns.has("25.2.0.192.in-addr.arpa", "PTR", "mail.relay.example.")
    dns.has("nord.example", "TXT", f"v=spf1 ip4:{IP} -all", "another text")
    dns.has("nord.example", "MX", "10 mx.nord.example.")
    dns.has("_dmarc.nord.example", "TXT", "v=DMARC1; p=quarantine")
    name, value = domains.proof_record(domain)
    dns.has(name, "TXT", value)
    return dns


def look(domain, house):
    job.run(domain.id, house)
    return findings.of(SenderDomain.get_by_id(domain.id))


def lights(found):
    return {key: f.light.value for key, f in found.items()}


def test_a_healthy_domain_is_green_and_proved(healthy, domain, house):
    found = look(domain, house)
    assert lights(found) == {
        "proof": "ok", "spf": "ok", "dkim": "open", "dmarc": "ok", "ptr": "ok", "mx": "ok", "alignment": "ok",
        "tls": "ok", "own": "ok", "withdrawal": "ok", "format": "open", "hygiene": "open",
        "one_click": "open", "link": "open", "list_id": "open", "feedback_id": "open",
        "complaints": "open",
    }  # fmt: skip
    row = SenderDomain.get_by_id(domain.id)
    assert row.verified_at and row.proof == Proof.DNS and row.checked_at and row.asked_at is None
    assert domains.may_send_as(domain.tenant_id, "nord.example")
    assert set(found) == {rule.key for rule in findings.RULES}


def test_an_empty_zone_is_red_and_says_what_to_enter(dns, domain, house):
    dns.has("mail.relay.example", "A", IP)
    found = look(domain, house)
    assert {key for key, f in found.items() if f.light == Light.BAD} == {"proof", "spf", "dmarc", "ptr", "mx"}
    assert found["proof"].record == domains.proof_record(domain)
    assert found["spf"].record == ("nord.example", f"v=spf1 ip4:{IP} ~all")
    assert found["dmarc"].record[0] == "_dmarc.nord.example" and "p=none" in found["dmarc"].record[1]
    assert not domains.may_send_as(domain.tenant_id, "nord.example")


def test_the_proof_of_another_tenant_proves_nothing(healthy, domain, house, world):
    other = domains.add(world.south.id, "nord.example", world.south_administrator.id)
    look(other, house)
    assert not domains.may_send_as(world.south.id, "nord.example")


def test_a_silent_name_server_leaves_everything_open_and_costs_seconds(domain, house):
    house.dns_resolver = "127.0.0.1:1"
    found = look(domain, house)
    assert {found[key].light for key in ("proof", "spf", "dmarc", "mx")} == {Light.OPEN}
    assert SenderDomain.get_by_id(domain.id).verified_at is None


def test_an_answer_that_fails_is_not_taken_for_a_missing_record(healthy, domain, house):
    look(domain, house)
    healthy.broken = {"_dmarc.nord.example"}
    assert look(domain, house)["dmarc"].light == Light.OPEN
    assert not Notice.select().exists()


@pytest.mark.parametrize(
    ("records", "light"),
    [
        ([f"v=spf1 ip4:{IP} -all"], "ok"), (["v=spf1 a:mail.relay.example ~all"], "ok"),
        (["v=spf1 include:_spf.relay.example -all"], "ok"), (["v=spf1 redirect=_spf.relay.example"], "ok"),
        (["v=spf1 mx -all"], "ok"), (["v=spf1 ip4:192.0.2.0/24 ?all"], "ok"), (["v=spf1 +all"], "ok"),
        (["v=spf1 a:mail.relay.example/24 -all"], "ok"), ([["v=spf1 ip4:", f"{IP} -all"]], "ok"),
        (["V=SPF1 IP4:192.0.2.25 -ALL"], "ok"),
        (["v=spf1 -all"], "bad"), (["v=spf1 ip4:198.51.100.1 ~all"], "bad"), (["v=spf1"], "bad"),
        ([f"v=spf1 -ip4:{IP} +all"], "bad"), (["v=spf1 ip4:1.2.3.4 all", "v=spf1 +all"], "bad"),
        (["v=spf1 wrong:thing all"], "bad"), (["v=spf1 include:nothing.example all"], "bad"),
        (["v=spf1 ip4:no.address all"], "bad"), (["v=spf1 include:nord.example"], "bad"),
        (["v=spf10 +all"], "bad"), (["v=spf1 exists:%{i}.relay.example -all"], "open"),
    ],
)  # fmt: skip
def test_spf_is_read_as_receivers_read_it(healthy, domain, house, records, light):
    healthy.has("nord.example", "TXT", *records)
    healthy.has("mx.nord.example", "A", IP)
    healthy.has("_spf.relay.example", "TXT", "v=spf1 ip4:192.0.2.0/28 a:mail.relay.example -all")
    assert look(domain, house)["spf"].light == light


def test_a_wrong_spf_record_comes_with_the_mended_one(healthy, domain, house):
    healthy.has("nord.example", "TXT", "v=spf1 include:_spf.else.example -all")
    healthy.has("_spf.else.example", "TXT", "v=spf1 ip4:198.51.100.0/24 -all")
    found = look(domain, house)["spf"]
    assert found.params == {"addresses": IP}
    assert found.record == ("nord.example", f"v=spf1 ip4:{IP} include:_spf.else.example -all")


def test_spf_stops_after_ten_questions(dns):
    for n in range(12):
        dns.has(f"s{n}.example", "TXT", f"v=spf1 include:s{n + 1}.example -all")
    assert spf.check(Resolver(dns.address), "s0.example", ipaddress.ip_address(IP)) == spf.PERMERROR
    assert spf.check(Resolver(dns.address), "s3.example", ipaddress.ip_address(IP)) == spf.PERMERROR
    dns.has("s12.example", "TXT", "v=spf1 +all")
    assert spf.check(Resolver(dns.address), "s3.example", ipaddress.ip_address(IP)) == spf.PASS


def test_spf_knows_ipv6(dns):
    dns.has("six.example", "TXT", "v=spf1 ip6:2001:db8::/32 a:h.example -all")
    dns.has("h.example", "AAAA", "2001:dead::1")
    resolver = Resolver(dns.address)
    assert spf.check(resolver, "six.example", ipaddress.ip_address("2001:db8::25")) == spf.PASS
    assert spf.check(resolver, "six.example", ipaddress.ip_address("2001:dead::1")) == spf.PASS
    assert spf.check(resolver, "six.example", ipaddress.ip_address("2001:dead::2")) == spf.FAIL


@pytest.mark.parametrize(
    ("records", "light"),
    [(["v=DMARC1; p=none"], "ok"), (["v=DMARC1;p=reject;adkim=s"], "ok"), (["v=DMARC1; p=maybe"], "bad"),
     (["v=DMARC1; rua=mailto:a@b.example"], "bad"), (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "bad"),
     (["something else"], "bad")],
)  # fmt: skip
def test_dmarc_needs_one_record_with_a_policy(healthy, domain, house, records, light):
    healthy.has("_dmarc.nord.example", "TXT", *records)
    assert look(domain, house)["dmarc"].light == light


def test_a_sub_domain_inherits_the_policy_from_above(healthy, house, world):
    below = domains.add(world.north.id, "news.nord.example", world.administrator.id)
    assert look(below, house)["dmarc"].params == {"name": "_dmarc.nord.example", "policy": "quarantine"}


def test_address_and_name_of_the_server_must_match(healthy, domain, house):
    healthy.has("25.2.0.192.in-addr.arpa", "PTR", "else.example.")
    assert look(domain, house)["ptr"].params == {"address": IP, "name": "else.example"}


def test_mail_to_the_domain_must_arrive(healthy, domain, house):
    healthy.has("nord.example", "MX", "0 .")
    assert look(domain, house)["mx"].light == Light.BAD
    healthy.forget("nord.example", "MX")
    assert look(domain, house)["mx"].light == Light.BAD
    healthy.has("nord.example", "A", IP)
    assert look(domain, house)["mx"].light == Light.OK


@pytest.mark.parametrize(
    ("url", "light"),
    [("smtps://mail.relay.example", "ok"), ("smtp://mail.relay.example", "ok"), ("smtp://127.0.0.1:25", "open"),
     ("smtp://mail.relay.example?security=off", "bad"), ("catcher:", "open")],
)  # fmt: skip
def test_encryption_on_the_way_to_the_mail_server(healthy, domain, house, url, light):
    house.smtp_url = url
    assert look(domain, house)["tls"].light == light


def test_the_house_names_the_addresses_that_a_local_server_sends_from(healthy, domain, house):
    house.smtp_url = "smtp://127.0.0.1:25"
    assert look(domain, house)["spf"].light == Light.OPEN == look(domain, house)["ptr"].light
    house.outgoing_ips = (IP,)
    assert look(domain, house)["spf"].light == Light.OK == look(domain, house)["ptr"].light


def test_every_mail_server_that_may_be_taken_must_be_allowed(healthy, domain, house):
    Relay.create(tenant_id=domain.tenant_id, name="First", host="mail.else.example", security="off")
    healthy.has("mail.else.example", "A", "192.0.2.77")
    found = look(domain, house)
    assert found["spf"].params == {"addresses": "192.0.2.77"}
    assert found["tls"].light == Light.BAD and found["tls"].params == {"host": "mail.else.example"}


def test_a_key_is_seen_once_its_record_stands_there_in_pieces(healthy, domain, house):
    made = keys.add(domain, "rsa", *keymaking.make("rsa"), 1)
    look(domain, house)
    assert keys.get(domain, made.id).seen_at is None
    name, value = keys.record(domain, made)
    healthy.has(name, "TXT", [value[:255], value[255:]])
    look(domain, house)
    seen = keys.get(domain, made.id)
    assert seen.seen_at is not None
    keys.switch_on(domain, seen, 1)
    assert look(domain, house)["dkim"].light == Light.OK


@pytest.mark.parametrize(
    "value", ["v=DKIM1; k=rsa; p=AAAA", "v=DKIM1; k=rsa; p=", "v=DKIM1; k=ed25519; p={p}", "junk"]
)
def test_another_key_in_the_record_does_not_count(healthy, domain, house, value):
    made = keys.add(domain, "rsa", "private", "cHVibGlj", 1)
    healthy.has(keys.record(domain, made)[0], "TXT", value.format(p=made.public))
    look(domain, house)
    assert keys.get(domain, made.id).seen_at is None


def test_the_newest_mail_is_looked_at_itself(healthy, domain, house, world):
    campaign = mailing(world.north, 1)
    found = look(domain, house)
    assert {key: found[key].light.value for key in ("one_click", "link", "list_id", "feedback_id", "format")} == {
        "format": "ok", "one_click": "ok", "link": "bad", "list_id": "ok", "feedback_id": "ok",
    }  # fmt: skip
    assert found["list_id"].params["value"] == "<city.nord.example>"
    Campaign.update(sender_address="news@else.example").where(Campaign.id == campaign.id).execute()
    assert look(domain, house)["link"].light == Light.OPEN


@pytest.mark.parametrize(("complaints", "light"), [(0, "open"), (1, "ok"), (3, "bad"), (8, "bad")])
def test_complaints_are_held_against_the_limits(healthy, domain, house, world, complaints, light):
    campaign = mailing(world.north, 2)
    now = clock.epoch()
    rows = [
        {"tenant_id": world.north.id, "campaign_id": campaign.id, "address_key": f"{n}", "state": 3,
         "queued_at": now, "settled_at": now}
        for n in range(2000)
    ]  # fmt: skip
    Delivery.insert_many(rows).execute()
    for n in range(complaints):
        events.note(world.north.id, n + 1, campaign.id, "complained")
    assert look(domain, house)["complaints"].light == light


def test_people_who_signed_off_and_still_got_a_mail_days_later_are_counted(healthy, domain, house, world):
    campaign = mailing(world.north, 3)
    Campaign.update(started_at=clock.now()).where(Campaign.id == campaign.id).execute()
    Delivery.update(state=3, settled_at=clock.epoch()).execute()
    gone = Delivery.select(Delivery.subscriber_id).order_by(Delivery.id)
    for row, days in zip(gone, (3, 1, None), strict=True):
        if days is not None:
            Subscription.update(consent=Consent.REVOKED, changed_at=clock.now() - timedelta(days=days)).where(
                Subscription.subscriber_id == row.subscriber_id, Subscription.type_id == campaign.type_id
            ).execute()
    found = look(domain, house)["withdrawal"]
    assert (found.light, found.params) == (Light.BAD, {"count": 1})


@pytest.mark.parametrize(("enhanced", "light"), [("5.1.1", "bad"), ("5.7.1", "ok")])
def test_addresses_that_do_not_exist_are_held_against_a_limit(healthy, domain, house, world, enhanced, light):
    campaign = mailing(world.north, 20)
    Campaign.update(started_at=clock.now()).where(Campaign.id == campaign.id).execute()
    Delivery.update(state=3, settled_at=clock.epoch()).execute()
    Delivery.update(state=5, enhanced=enhanced, reply_code=550).where(Delivery.id <= 2).execute()
    assert look(domain, house)["hygiene"].light == light


@pytest.mark.parametrize(
    ("name", "light"),
    [("gmail.com", "bad"), ("yahoo.co.uk", "bad"), ("gmx.at", "bad"), ("gmail.nord.example", "ok")],
)
def test_nobody_writes_in_the_name_of_a_provider_of_mailboxes(dns, house, world, name, light):
    assert look(domains.add(world.north.id, name, world.administrator.id), house)["own"].light == light


def test_a_field_that_stands_twice_and_a_line_too_long_are_found():
    good = ("from", "to", "subject", "date", "message-id")
    assert mailcheck._format(Sample({}, "", good, 76)).light == Light.OK
    assert mailcheck._format(Sample({}, "", (*good, "from"), 76)).params == {"names": "From"}
    assert mailcheck._format(Sample({}, "", good[1:], 76)).light == Light.BAD
    assert mailcheck._format(Sample({}, "", good, 999)).params == {"count": 999}


def test_a_line_that_turns_red_is_told_once_to_whoever_looks_after_it(healthy, domain, house, world):
    look(domain, house)
    healthy.forget("_dmarc.nord.example", "TXT")
    healthy.broken = {"_dmarc.nord.example"}
    look(domain, house)
    assert not Notice.select().exists()
    healthy.broken = set()
    look(domain, house)
    look(domain, house)
    told = list(Notice.select())
    assert [n.user_id for n in told] == [world.administrator.id]
    assert told[0].params == {"domain": "nord.example", "rules": "DMARC"}
    mail = OutboxMail.get()
    assert mail.to_address == User.get_by_id(told[0].user_id).email and "DMARC" in mail.subject
    assert f"https://post.example/t/north/admin/senders/{domain.id}" in mail.plain


def test_the_sweep_looks_daily_and_at_what_was_asked_for(healthy, domain, house, world):
    sweep = job.sweep_for(house)
    sweep()
    first = SenderDomain.get_by_id(domain.id).checked_at
    assert first is not None
    healthy.asked.clear()
    sweep()
    assert healthy.asked == []
    findings.ask(domain)
    sweep()
    assert healthy.asked != []
    SenderDomain.update(checked_at=first - findings.EVERY).execute()
    healthy.asked.clear()
    Tenant.update(is_demo=True).execute()
    sweep()
    assert healthy.asked == []  # the demo's domains do not exist
    Tenant.update(is_demo=False).execute()
    sweep()
    assert healthy.asked != []


def test_a_domain_that_was_removed_meanwhile_is_no_error(healthy, domain, house):
    job.run(domain.id + 99, house)
    domains.withdraw(domain, 1)
    assert findings.keep(domain, {}, clock.now()) == []


def test_names_that_are_none_have_no_records(dns):
    resolver = Resolver(dns.address)
    assert resolver.txt("a..example") == [] and resolver.txt("x" * 70 + ".example") == []
    dns.broken = {"a.example"}
    with pytest.raises(Unanswered):
        resolver.txt("a.example")
