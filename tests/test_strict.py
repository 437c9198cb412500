"""The strict reader of mails finds what is wrong with one; else its silence would prove nothing."""

import pytest

from tests import strict

GOOD = b"\r\n".join(
    [
        b"From: =?utf-8?q?Verlag_N=C3=B6rd?= <news@nord.example>",
        b"To: =?utf-8?b?SsO2cmcg?=",
        b" =?utf-8?b?TcO8bGxlcg==?= <joerg@leser.example>",
        b"Subject: Neues aus =?utf-8?q?K=C3=B6ln?= heute",
        b"Date: Sun, 22 Nov 2026 07:24:41 +0000",
        b"Message-ID: <16.7747e3@nord.example>",
        b"MIME-Version: 1.0",
        b"List-Id: <city.nord.example>",
        b"List-Unsubscribe: <https://nord.example/m/x/unsubscribe>",
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        b'Content-Type: multipart/alternative; boundary="=_b"',
        b"",
        b"--=_b",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Transfer-Encoding: quoted-printable",
        b"",
        b"Gr=C3=BC=",
        b"=C3=9Fe",
        b"--=_b",
        b"Content-Type: text/html; charset=utf-8",
        b"Content-Transfer-Encoding: quoted-printable",
        b"",
        b"<p>Gr=C3=BC=C3=9Fe</p>",
        b"--=_b--",
        b"",
    ]
)


def test_a_good_mail_is_read() -> None:
    found = strict.read(GOOD)
    assert found.fields["from"] == "Verlag Nörd <news@nord.example>"
    assert found.fields["to"] == "Jörg Müller <joerg@leser.example>"
    assert found.fields["subject"] == "Neues aus Köln heute"
    assert found.parts == {"plain": "Grüße", "html": "<p>Grüße</p>"}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\n"),
        (b"MIME-Version: 1.0\r\n", b""),
        (b"MIME-Version: 1.0", b"MIME-Version: 1.0\r\nSubject: again"),
        (b"Neues aus", "Grüße aus".encode()),
        (b"Neues aus", b"x" * 1000),
        (b"Subject:", b"Sub ject:"),
        (b"joerg@leser.example", b"joerg@@leser.example"),
        (b"joerg@leser.example", b"joerg@leser.example, mallory@evil.example"),
        (b"22 Nov", b"22 November"),
        (b"<16.7747e3@nord.example>", b"16.7747e3@nord.example"),
        (b"=?utf-8?q?K=C3=B6ln?=", b"=?utf-8?q?K=C3=B6ln" + b"n" * 70 + b"?="),
        (b"=?utf-8?q?K=C3=B6ln?=", b"=?utf-8?q?K=C3=B6 ln?="),
        (b"=One-Click", b"=Two-Clicks"),
        (b"\r\n--=_b--", b""),
        (b"\r\n--=_b--", b"\r\n--=_b--\r\ntrailer"),
        (b"Gr=C3=BC=\r\n", b"Gr=C3=BC \r\n"),
        (b"Gr=C3=BC=\r\n", b"Gr=c3=bc=\r\n"),
        (b"Gr=C3=BC=\r\n", b"Gr=C3=B=\r\n"),
        (b"<p>Gr", b"<p>" + b"x" * 80 + b"Gr"),
        (b"quoted-printable", b"8bit"),
        (b"charset=utf-8", b"charset=latin-1"),
    ],
)
def test_a_defect_is_found(right: bytes, wrong: bytes) -> None:
    assert right in GOOD
    with pytest.raises(strict.Defect):
        strict.read(GOOD.replace(right, wrong, 1))


@pytest.mark.parametrize("coded", [b"Gr=C3=", b"Gr=FC"])
def test_bytes_that_are_no_text_are_found(coded: bytes) -> None:
    with pytest.raises(ValueError):
        strict.read(GOOD.replace(b"Gr=C3=BC=\r\n=C3=9Fe", coded, 1))
