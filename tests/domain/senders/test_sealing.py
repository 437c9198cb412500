"""Secrets at rest open only with the installation's key and in their own place."""

import pytest

from domain import tokens
from domain.senders import sealing

SECRET = b"only for tests, a secret of 32 bytes or more"


@pytest.fixture(autouse=True)
def keyed() -> None:
    tokens.configure(SECRET)


@pytest.mark.parametrize("secret", ["x", "Passwort mit Ümlaut € 🔑", "-----BEGIN KEY-----\n" + "A" * 3000])
def test_a_secret_comes_back_as_it_was(secret: str) -> None:
    sealed = sealing.seal(secret, "relay")
    assert sealing.unseal(sealed, "relay") == secret
    assert sealed.isascii() and (len(secret) < 4 or secret not in sealed)


def test_the_same_secret_never_looks_the_same_twice() -> None:
    assert len({sealing.seal("secret", "relay") for _ in range(20)}) == 20


def test_no_secret_stays_no_secret() -> None:
    assert sealing.seal("", "relay") == "" == sealing.unseal("", "relay")


def test_it_does_not_open_in_another_place() -> None:
    with pytest.raises(sealing.CannotUnseal):
        sealing.unseal(sealing.seal("secret", "dkim:nord.example"), "dkim:sued.example")


def test_it_does_not_open_with_another_installations_key() -> None:
    sealed = sealing.seal("secret", "relay")
    tokens.configure(b"another secret of an installation with 32 bytes")
    with pytest.raises(sealing.CannotUnseal):
        sealing.unseal(sealed, "relay")


def test_any_changed_character_is_noticed() -> None:
    sealed = sealing.seal("secret", "relay")
    for place in range(len(sealed)):
        changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        with pytest.raises(sealing.CannotUnseal):
            sealing.unseal(changed, "relay")


@pytest.mark.parametrize("junk", ["plain password", "s1.", "s1.====", "s1.AAAA", "s1.ü", "s2.AAAA"])
def test_junk_is_refused_not_returned(junk: str) -> None:
    with pytest.raises(sealing.CannotUnseal):
        sealing.unseal(junk, "relay")


def test_what_an_older_secret_sealed_opens_while_it_is_remembered() -> None:
    tokens.configure(b"an older secret of 32 bytes or so")
    old = sealing.seal("geheim", "relay")
    tokens.configure(b"the present secret, also 32 bytes")
    with pytest.raises(sealing.CannotUnseal):
        sealing.unseal(old, "relay")
    sealing.remember([b"an older secret of 32 bytes or so"])
    try:
        assert sealing.unseal(old, "relay") == "geheim" and not sealing.is_current(old)
        new = sealing.seal("geheim", "relay")
        assert sealing.is_current(new) and new.split(".")[1] != old.split(".")[1]
    finally:
        sealing.remember([])
