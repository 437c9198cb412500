"""Signatures: other people's verifiers accept them, and no signed header or byte of the body may change."""

import base64
import functools
from dataclasses import replace

import dkim
import pytest
from Crypto.PublicKey import ECC, RSA
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.message import libcrypto
from dispatcher.message.compose import compile_message
from dispatcher.message.dkim import Key, Signed, Signer, is_relaxed
from tests.dispatcher.test_compose import DATE, SOURCE, TOKEN

AT = 1_795_341_600
RECIPIENT = (7, "anna@leser.example", "Änne Köln", {"Vorname": "Änne", "Ort": "Köln"}, TOKEN)
COMPILED = compile_message(
    replace(
        SOURCE, reply_to=None, list_help="https://n.example/n/nord", list_owner="mailto:post@nord.example"
    ),
    date=DATE, boundary_seed=b"1",
)  # fmt: skip
KINDS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}


@functools.cache
def pair(algorithm: str) -> tuple[bytes, bytes]:
    """(private key, what p= says) of a key for these tests."""
    if algorithm == "rsa-sha256":
        rsa = RSA.generate(2048)
        return rsa.export_key("DER", pkcs=8), base64.b64encode(rsa.public_key().export_key("DER"))
    edwards = ECC.generate(curve="Ed25519")
    public = edwards.public_key().export_key(format="raw")
    return edwards.export_key(format="DER", use_pkcs8=True), base64.b64encode(public)


def signer(*algorithms: str, sign=libcrypto.signer) -> Signer:
    return Signer(
        Key(a, "nord.example", f"s-{KINDS[a]}", sign(KINDS[a], pair(a)[0])) for a in algorithms
    )  # fmt: skip


def dns(name: bytes, timeout: int = 5) -> bytes | None:
    records = {
        f"s-{kind}._domainkey.nord.example.".encode(): f"v=DKIM1; k={kind}; p=".encode() + pair(algorithm)[1]
        for algorithm, kind in KINDS.items()
    }
    return records.get(name)


def verified(mail: bytes, index: int = 0) -> bool:
    try:
        return bool(dkim.DKIM(mail).verify(index, dnsfunc=dns))
    except dkim.ValidationError:
        return False


@pytest.mark.parametrize("algorithm", KINDS)
@pytest.mark.parametrize("sign", [libcrypto.signer, libcrypto.by_pycryptodome])
def test_another_implementation_verifies_the_signature(algorithm, sign):
    mail = Signed(COMPILED, signer(algorithm, sign=sign), AT).render(RECIPIENT)
    assert mail.startswith(b"DKIM-Signature: v=1; a=" + algorithm.encode())
    assert verified(mail)


def test_libcrypto_is_there_and_signs_as_pycryptodome_does():
    assert libcrypto.load() is not None
    for algorithm, kind in KINDS.items():
        key = pair(algorithm)[0]
        assert libcrypto.signer(kind, key)(b"data") == libcrypto.by_pycryptodome(kind, key)(b"data")


def test_two_keys_give_two_valid_signatures():
    mail = Signed(COMPILED, signer(*KINDS), AT).render(RECIPIENT)
    assert mail.count(b"DKIM-Signature:") == 2
    assert verified(mail, 0) and verified(mail, 1)


@settings(max_examples=120, deadline=None)
@given(st.text(max_size=300), st.text(max_size=90))
def test_whatever_the_values_the_signature_holds(name, place):
    recipient = (7, "anna@leser.example", name, {"Vorname": name, "Ort": place}, TOKEN)
    assert verified(Signed(COMPILED, signer("ed25519-sha256"), AT).render(recipient))


@pytest.mark.parametrize(
    "text", ["two  spaces", "tab\there", "end \nof line", " start", "   ", "a\u2028b\x01 c", "\n\n\n"]
)
def test_white_space_in_text_and_values_does_not_break_it(text):
    source = replace(
        SOURCE, plain=f"{text}[Vorname|{text}]{text}\n\n\n", html=f"<pre>{text}[Vorname]</pre>   \n"
    )
    compiled = compile_message(source, date=DATE, boundary_seed=b"2")
    for value in (text, "", "Änne"):
        recipient = (7, "anna@leser.example", text, {"Vorname": value}, TOKEN)
        mail = Signed(compiled, signer("ed25519-sha256"), AT).render(recipient)
        assert verified(mail)


def test_our_own_body_needs_no_canonicalisation():
    source = replace(SOURCE, plain="a  b\tc    d\n" * 40, html="<table>\n    <tr>\n\t<td>  x  </td>\n" * 40)
    mail = compile_message(source, date=DATE, boundary_seed=b"3").render(RECIPIENT)
    body = mail.partition(b"\r\n\r\n")[2]
    assert is_relaxed(body)
    assert max(map(len, body.split(b"\r\n"))) <= 76


@pytest.mark.parametrize(
    "body", [b"", b"\r\n", b"\r\n\r\n", b"a \t b \r\n\t\r\n \r\n", b"no end", b"  a\r\n"]
)
def test_any_body_is_hashed_as_the_standard_says(body):
    mail = b"From: <news@nord.example>\r\nSubject:  a\t b\r\n\r\n" + body
    assert verified(signer("ed25519-sha256").signed(mail, AT))


@pytest.mark.parametrize(
    "name",
    ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "List-Id", "List-Unsubscribe",
     "List-Unsubscribe-Post", "List-Help", "List-Owner", "Feedback-ID"],
)  # fmt: skip
def test_a_changed_removed_or_added_header_fails(name):
    mail = Signed(COMPILED, signer(*KINDS), AT).render(RECIPIENT)
    field = b"\r\n" + name.encode() + b": "
    start = mail.index(field) + len(field)
    end = mail.index(b"\r\n", start)
    for changed in (mail[:start] + b"x" + mail[start:], mail[: start - len(field)] + mail[end:]):
        assert not verified(changed, 0) and not verified(changed, 1)


@pytest.mark.parametrize(
    "name", ["From", "To", "Reply-To", "Subject", "Date", "Content-Type", "List-Unsubscribe"]
)
def test_nobody_can_put_a_second_one_in_front(name):
    mail = Signed(COMPILED, signer("rsa-sha256"), AT).render(RECIPIENT)
    assert not verified(name.encode() + b": another@else.example\r\n" + mail)


def test_a_changed_byte_of_the_body_fails():
    mail = Signed(COMPILED, signer("rsa-sha256"), AT).render(RECIPIENT)
    assert not verified(mail.replace(b"Hallo", b"Hello"))


def test_a_relay_that_folds_and_spaces_anew_does_no_harm():
    mail = Signed(COMPILED, signer(*KINDS), AT).render(RECIPIENT)
    changed = mail.replace(b"\r\nTo: ", b"\r\nTO:   ").replace(
        b"Content-Transfer-Encoding: q", b"Content-Transfer-Encoding:  q"
    )
    assert changed != mail and verified(changed) and verified(changed, 1)


def test_every_attempt_has_the_same_bytes():
    assert len({Signed(COMPILED, signer(*KINDS), AT).render(RECIPIENT) for _ in range(3)}) == 1


def test_lines_of_the_field_are_short():
    head = Signed(COMPILED, signer(*KINDS), AT).render(RECIPIENT).partition(b"\r\nFrom:")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 78


@pytest.mark.parametrize("key", [b"", b"junk", b"\x30\x82\x04", b"\x30" * 2000])
@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
@pytest.mark.parametrize("make", [libcrypto.signer, libcrypto.by_pycryptodome])
def test_what_is_no_key_is_refused(make, kind, key):
    with pytest.raises(libcrypto.KeyRefused):
        make(kind, key)


def test_a_key_of_the_other_kind_is_refused():
    with pytest.raises(libcrypto.KeyRefused):
        libcrypto.signer("rsa", pair("ed25519-sha256")[0])
