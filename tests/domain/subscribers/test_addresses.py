"""What we take as an address, and by what we recognise one again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.subscribers import addresses
from domain.subscribers.addresses import BadAddress, key_of, parse

LOCALS = st.from_regex(r"[A-Za-z0-9äöüßÅé]([A-Za-z0-9.+_-]?[A-Za-z0-9äöüßÅé]){0,20}", fullmatch=True).filter(
    lambda local: ".." not in local
)
DOMAINS = st.sampled_from(
    ["post.example", "Müller.example", "xn--mller-kva.example", "BÜCHER.example", "a.b.example"]
)


@given(LOCALS, DOMAINS)
def test_key_is_stable_and_knows_no_case(local: str, domain: str) -> None:
    key = key_of(f"{local}@{domain}")
    assert key_of(key) == key
    assert key_of(f"{local}@{domain.upper()}") == key
    assert key == key.casefold() and key.rpartition("@")[2].isascii()


@given(LOCALS, DOMAINS)
def test_written_form_leads_to_the_same_key(local: str, domain: str) -> None:
    address = parse(f" <{local}@{domain}> ")
    assert key_of(address.written) == address.key


@given(st.text(max_size=60))
def test_whatever_is_taken_has_no_control_characters(text: str) -> None:
    try:
        address = parse(text)
    except BadAddress as refused:
        assert refused.message
    else:
        assert not any(ord(c) < 32 for c in address.written + address.key)
        assert address.written.count("@") == 1


def test_dots_and_plus_addresses_are_different_people() -> None:
    assert len({key_of("a.b@post.example"), key_of("ab@post.example"), key_of("ab+x@post.example")}) == 3


def test_unicode_domain_and_its_a_label_are_one() -> None:
    assert key_of("x@müller.example") == key_of("X@xn--mller-kva.example")


@pytest.mark.parametrize(
    "text",
    ["", "anna", "anna@", "@post.example", "a b@post.example", "a@post", "a@post.example\r\nBcc: b@post.example",
     "a..b@post.example", '"a b"@post.example', "a@-post.example", "x" * 65 + "@post.example"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadAddress) as refused:
        parse(text)
    assert refused.value.message.endswith(".")


def test_hash_differs_between_tenants(database: str) -> None:
    assert addresses.hash_of("a@post.example", 1) != addresses.hash_of("a@post.example", 2)


class _Never:
    @staticmethod
    def fullmatch(_text: str) -> None:
        return None


@given(
    st.from_regex(
        r"[aZ9._+'-]{1,8}@([aB1x-]{1,4}\.){1,3}(de|example|c|co1|local|arpa|EXAMPLE)", fullmatch=True
    )
)
def test_the_short_way_for_plain_addresses_says_what_the_long_way_says(text: str) -> None:
    def said() -> object:
        try:
            return parse(text)
        except BadAddress:
            return None

    plain, short = addresses._PLAIN, said()
    addresses._PLAIN = _Never  # type: ignore[assignment]
    try:
        assert said() == short
    finally:
        addresses._PLAIN = plain
