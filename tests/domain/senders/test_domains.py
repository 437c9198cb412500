"""Sender domains: nobody sends in a name that is not proved; keys sign only once DNS shows them."""

import pytest

from domain.audit.models import AuditEntry
from domain.campaigns import planning
from domain.errors import Conflict, Invalid, NotFound
from domain.senders import domains, keys
from domain.senders.models import DkimKey, KeyState, Proof, SenderDomain
from tests.world import World

USER = 1


@pytest.fixture
def domain(world: World) -> SenderDomain:
    return domains.add(world.north.id, "Nord.Example.", USER)


@pytest.mark.parametrize(
    ("text", "name"),
    [("Nord.Example.", "nord.example"), (" bücher.example ", "xn--bcher-kva.example"), ("a-b.c.de", "a-b.c.de"),
     ("straße.example", "xn--strae-oqa.example")],
)  # fmt: skip
def test_a_domain_is_kept_as_dns_has_it(world: World, text: str, name: str) -> None:
    assert domains.add(world.north.id, text, USER).domain == name


@pytest.mark.parametrize(
    "text",
    ["", "nord", "a@b.example", "-a.example", "a..example", "1.2.3.4", "x." * 120 + "de", "a.example\nb"],
)  # fmt: skip
def test_what_is_no_domain_is_refused(world: World, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        domains.add(world.north.id, text, USER)
    assert "domain" in refused.value.fields and not SenderDomain.select().exists()


def test_a_new_domain_may_not_send_until_it_is_proved(world: World, domain: SenderDomain) -> None:
    assert not domains.may_send_as(world.north.id, "nord.example")
    domains.proved(domain)
    assert domains.may_send_as(world.north.id, "NORD.example")
    assert SenderDomain.get_by_id(domain.id).proof == Proof.DNS


def test_a_proof_holds_for_one_tenant_only(world: World, domain: SenderDomain) -> None:
    domains.proved(domain)
    assert not domains.may_send_as(world.south.id, "nord.example")
    other = domains.add(world.south.id, "nord.example", USER)
    assert domains.proof_record(other)[1] != domains.proof_record(domain)[1]
    assert domains.proof_record(domain)[0] == "_rundbrief.nord.example"


def test_a_sub_domain_is_another_domain(world: World, domain: SenderDomain) -> None:
    domains.proved(domain)
    assert not domains.may_send_as(world.north.id, "news.nord.example")


def test_vouching_needs_a_reason_and_is_logged_with_it(world: World, domain: SenderDomain) -> None:
    with pytest.raises(Invalid):
        domains.vouch(domain, USER, "  ")
    domains.vouch(domain, USER, "asked their IT by phone")
    assert domains.may_send_as(world.north.id, "nord.example")
    entry = AuditEntry.get(AuditEntry.act == "sender.vouch")
    assert entry.tenant_id == world.north.id and entry.user_id == USER
    assert entry.details == {"domain": "nord.example", "reason": "asked their IT by phone"}


def test_the_same_domain_twice_is_refused_in_plain_words(world: World, domain: SenderDomain) -> None:
    with pytest.raises(Invalid) as refused:
        domains.add(world.north.id, "nord.EXAMPLE", USER)
    assert refused.value.fields["domain"][1] == {"domain": "nord.example"}


def test_another_tenants_domain_looks_missing(world: World, domain: SenderDomain) -> None:
    with pytest.raises(NotFound):
        domains.get(world.south.id, domain.id)


def test_an_umlaut_domain_is_recognised_in_both_forms(world: World) -> None:
    domains.proved(domains.add(world.north.id, "bücher.example", USER))
    assert domains.may_send_as(world.north.id, "bücher.example")
    assert domains.may_send_as(world.north.id, "xn--bcher-kva.example")
    planning.check_sender(world.north.id, "news@bücher.example")


def test_many_senders_are_asked_for_at_once(world: World, domain: SenderDomain) -> None:
    north, south = world.north.id, world.south.id
    domains.proved(domain)
    asked = [(north, "a@nord.example"), (south, "a@nord.example"), (north, "a@else.example"), (north, "")]
    assert domains.unverified(asked) == set(asked[1:])
    assert domains.unverified([]) == set()


def test_planning_and_asking_refuse_an_unverified_sender(world: World, domain: SenderDomain) -> None:
    with pytest.raises(Invalid, match=r"nord\.example is no verified sender domain"):
        planning.check_sender(world.north.id, "news@nord.example")
    domains.proved(domain)
    planning.check_sender(world.north.id, "news@nord.example")


def key(domain: SenderDomain, algorithm: str = "rsa") -> DkimKey:
    return keys.add(domain, algorithm, "private half", "cHVibGlj", USER)


def test_a_key_is_sealed_and_waits(domain: SenderDomain) -> None:
    made = key(domain)
    assert made.state == KeyState.WAITING and "private" not in made.sealed
    assert keys.record(domain, made) == (
        f"{made.selector}._domainkey.nord.example",
        "v=DKIM1; k=rsa; p=cHVibGlj",
    )
    assert keys.active_of(domain.tenant_id, domain.domain) == []


def test_a_key_cannot_be_switched_on_before_dns_shows_it(domain: SenderDomain) -> None:
    made = key(domain)
    with pytest.raises(Conflict):
        keys.switch_on(domain, made, USER)
    keys.seen(domain, made, True)
    keys.switch_on(domain, made, USER)
    assert [k.id for k in keys.active_of(domain.tenant_id, domain.domain)] == [made.id]


def test_rotation_retires_the_key_of_the_same_kind_only(domain: SenderDomain) -> None:
    first, edwards, second = key(domain), key(domain, "ed25519"), key(domain)
    assert len({first.selector, edwards.selector, second.selector}) == 3
    for made in (first, edwards, second):
        keys.seen(domain, made, True)
        keys.switch_on(domain, made, USER)
    assert [k.id for k in keys.active_of(domain.tenant_id, domain.domain)] == [second.id, edwards.id]
    assert DkimKey.get_by_id(first.id).state == KeyState.RETIRED
    assert keys.active_of(domain.tenant_id + 1, domain.domain) == []


def test_a_key_that_signs_cannot_be_removed(domain: SenderDomain) -> None:
    made = key(domain)
    keys.seen(domain, made, True)
    keys.switch_on(domain, made, USER)
    with pytest.raises(Conflict):
        keys.remove(domain, made, USER)
    keys.switch_off(domain, made, USER)
    keys.remove(domain, made, USER)
    assert keys.of_domain(domain) == []
    acts = [e.act for e in AuditEntry.select().order_by(AuditEntry.id)]
    assert acts[-4:] == ["dkim.make", "dkim.on", "dkim.off", "dkim.remove"]


def test_removing_a_domain_forgets_its_keys(world: World, domain: SenderDomain) -> None:
    key(domain)
    domains.withdraw(domain, USER)
    assert not SenderDomain.select().exists() and not DkimKey.select().exists()


def test_a_long_record_is_split_as_zone_files_want_it() -> None:
    pieces = keys.split("v=DKIM1; k=rsa; p=" + "A" * 400)
    strings = [s for s in pieces.split('"') if s.strip()]
    assert [len(s) for s in strings] == [255, 163] and "".join(strings).startswith("v=DKIM1; k=rsa; p=A")


def test_every_key_of_another_domain_looks_missing(world: World, domain: SenderDomain) -> None:
    made = key(domain)
    other = domains.add(world.north.id, "else.example", USER)
    with pytest.raises(NotFound):
        keys.get(other, made.id)
    with pytest.raises(NotFound):
        keys.add(domain, "dsa", "x", "y", USER)
