"""Which relay serves whom, and what may be kept of one."""

import pytest

from domain.audit.models import AuditEntry
from domain.errors import Invalid, NotFound
from domain.senders import relays
from domain.senders.models import Relay

VALUES = {
    "name": "Provider", "host": "smtp.provider.example", "port": 587, "security": "required", "verify": True,
    "username": "nord", "clear_auth": False, "private": False, "domains": "", "max_connections": 8,
    "per_second": None, "per_hour": None, "active": True,
}  # fmt: skip


def relay(owner: int | None, name: str, **values: object) -> Relay:
    return relays.create(owner, {**VALUES, "name": name, **values}, "sealed", 1)


def test_the_tenants_own_go_first_and_among_them_those_that_name_the_domain(database: str) -> None:
    relay(None, "house")
    relay(None, "house for nord", domains="nord.example")
    relay(1, "own")
    relay(1, "own for nord", domains="nord.example\nwest.example")
    relay(1, "own for south", domains="sued.example")
    relay(1, "out of use", active=False)
    relay(2, "foreign")
    assert [r.name for r in relays.serving(1, "Nord.example")] == [
        "own for nord", "own", "house for nord", "house",
    ]  # fmt: skip
    assert [r.name for r in relays.serving(None, "")] == ["house"]


def test_the_order_is_moved_one_place_at_a_time(database: str) -> None:
    first, second, third = (relay(1, name) for name in ("a", "b", "c"))
    relays.move(third, -1, 1)
    assert [r.name for r in relays.of(1)] == ["a", "c", "b"]
    relays.move(first, -1, 1)
    relays.move(first, 1, 1)
    assert [r.name for r in relays.of(1)] == ["c", "a", "b"]
    assert second.id == relays.of(1)[2].id


def test_a_foreign_relay_is_not_found_and_not_usable(database: str) -> None:
    foreign, house = relay(2, "foreign"), relay(None, "house")
    for owner in (1, None):
        with pytest.raises(NotFound):
            relays.get(owner, foreign.id)
    with pytest.raises(NotFound):
        relays.get(1, house.id)
    assert relays.usable(1, foreign.id) is None
    assert relays.usable(1, house.id) == house


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "), ("host", "two words"), ("host", "a\r\nb"), ("host", "user@host"), ("port", 0),
        ("port", 70_000), ("port", "x"), ("security", "loud"), ("max_connections", 0), ("max_connections", 201),
        ("per_second", 0), ("per_second", -1.0), ("per_second", "many"), ("per_hour", 0), ("domains", "no domain"),
        ("domains", "ok.example, bad..example"),
    ],
)  # fmt: skip
def test_a_bad_value_is_named_with_its_field(database: str, field: str, value: object) -> None:
    with pytest.raises(Invalid) as refused:
        relay(1, **{"name": "x", field: value})  # type: ignore[arg-type]
    assert set(refused.value.fields) == {field}


def test_domains_are_kept_in_ascii_small_and_once(database: str) -> None:
    made = relay(1, "x", domains="Bücher.example, @nord.example\nNORD.example")
    assert made.domains.split() == ["xn--bcher-kva.example", "nord.example"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("host", "evil.example"), ("port", 25), ("username", "else"), ("security", "off"), ("verify", False),
     ("clear_auth", True)],
)  # fmt: skip
def test_a_kept_password_goes_nowhere_else(database: str, field: str, value: object) -> None:
    made = relay(1, "x")
    with pytest.raises(Invalid) as refused:
        relays.change(made, {**VALUES, "name": "x", field: value}, None, 1)
    assert set(refused.value.fields) == {"password"}
    assert getattr(Relay.get_by_id(made.id), field) == VALUES[field]
    relays.change(made, {**VALUES, "name": "x", field: value}, "sealed anew", 1)
    assert (
        getattr(Relay.get_by_id(made.id), field) == value and Relay.get_by_id(made.id).secret == "sealed anew"
    )


def test_without_a_user_name_no_password_is_kept(database: str) -> None:
    made = relay(1, "x")
    relays.change(made, {**VALUES, "name": "x", "username": ""}, None, 1)
    assert Relay.get_by_id(made.id).secret == ""


def test_the_log_names_what_changed_and_never_a_password(database: str) -> None:
    made = relay(1, "x")
    relays.change(made, {**VALUES, "name": "y"}, "s1.secret.token", 1)
    relays.delete(made, 1)
    acts = [(e.act, e.tenant_id) for e in AuditEntry.select().order_by(AuditEntry.id)]
    assert acts == [("relay.create", 1), ("relay.change", 1), ("relay.delete", 1)]
    assert all("token" not in str(e.details) and "sealed" not in str(e.details) for e in AuditEntry.select())
    assert AuditEntry.get(AuditEntry.act == "relay.change").details["changed"] == ["name", "password"]
