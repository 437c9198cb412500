"""The message compiler: whatever the values, a mail parses back to exactly them."""

import email
import email.policy
import html
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.message.compiled import Compiled, read_return_path
from dispatcher.message.compose import HeaderRefused, MessageSource, compile_message
from dispatcher.message.personalise import RecipientRefused, header_value, text_value

DATE = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
TOKEN = "Zm9vYmFy-_abcdefghijklmnopqr"
SOURCE = MessageSource(
    sender_name="Städtische Bücherei",
    sender_address="news@bücher.example",
    reply_to="redaktion@example.org",
    subject="Neues für [Vorname|Sie]",
    html="<html><head><style>a[href]{color:red}</style></head><body><!--[if mso]><p>x</p><![endif]-->\n"
    '<p>Hallo [Vorname|Leserin &amp; Leser],</p>\n.dot <a href="https://n.example/c/1/{{token}}?q=[Ort]">Mehr</a>'
    "\\[kein Platz\\] [Ort|hier]</body></html>\n",
    plain="Hallo [Vorname|Leserin],\n.punkt\nFrom hier\n[Ort]\nhttps://n.example/u/{{token}}\n",
    list_id="weekly.news.example",
    base_url="https://n.example",
    message_domain="n.example",
    unsubscribe_mailto="off@n.example?subject={{token}}",
)
COMPILED = compile_message(SOURCE, date=DATE, boundary_seed=b"1")
values = st.text(max_size=200)


def parse(raw: bytes) -> email.message.EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def part(message: email.message.EmailMessage, subtype: str) -> str:
    body = message.get_body((subtype,))
    return body.get_content().replace("\r\n", "\n")


def assert_clean_wire(raw: bytes) -> None:
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", raw)
    assert not re.search(rb"(\A|\n)\.", raw)
    body = raw.split(b"\r\n\r\n", 1)[1]
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.endswith(b"\r\n")


def squeezed(text: str) -> str:
    return "".join(text.split())


def shown(value: str, fallback: str) -> str:
    return text_value(value) if value and not value.isspace() else fallback


@settings(max_examples=400, deadline=None)
@given(first=values, place=values, name=values)
def test_mail_parses_back_to_exactly_the_values(first, place, name):
    raw = COMPILED.render((7, "anna@example.org", name, {"Vorname": first, "Ort": place}, TOKEN))
    assert_clean_wire(raw)
    assert raw.isascii()
    message = parse(raw)
    assert not message.defects
    assert part(message, "plain") == (
        f"Hallo {shown(first, 'Leserin')},\n.punkt\nFrom hier\n{shown(place, '')}\nhttps://n.example/u/{TOKEN}\n"
    )
    page = part(message, "html")
    greeting = page.split("<p>Hallo ")[1].split(",</p>")[0]
    assert html.unescape(greeting) == html.unescape(html.escape(shown(first, "Leserin & Leser")))
    assert "<!--[if mso]>" in page and "a[href]{" in page and "[kein Platz]" in page
    assert message["To"].addresses[0].addr_spec == "anna@example.org"
    display_name = header_value(name)[:120].strip()
    if len(display_name.encode()) <= 45:
        assert message["To"].addresses[0].display_name == display_name
    else:  # Python 3.11's parser puts a space between two encoded-words of a name
        assert squeezed(message["To"].addresses[0].display_name) == squeezed(display_name)
    assert message["Subject"] == header_value("Neues für " + (header_value(first)[:200] or "Sie"))


HOSTILE = st.sampled_from(
    [
        "\r\nBcc: x@evil.example",
        "=?utf-8?q?a=0D=0ABcc:_x=40evil.example?=",
        "\x85Bcc: x",
        "\u2028Bcc: x",
        "\0",
        "a\nb",
    ]
)


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(st.one_of(HOSTILE, st.text(max_size=30)), min_size=1, max_size=5))
def test_no_value_can_add_a_header(parts):
    value = "".join(parts)
    raw = COMPILED.render((7, "anna@example.org", value, {"Vorname": value, "Ort": value}, TOKEN))
    head = raw.split(b"\r\n\r\n", 1)[0]
    names = [line.split(b":")[0].lower() for line in head.split(b"\r\n") if not line.startswith(b" ")]
    expected = COMPILED.render((7, "anna@example.org", "Anna", {}, TOKEN)).split(b"\r\n\r\n", 1)[0]
    assert names == [
        line.split(b":")[0].lower() for line in expected.split(b"\r\n") if not line.startswith(b" ")
    ]
    # nor after somebody parsed the mail and wrote it again
    again = parse(raw)
    for shown_value in (again["Subject"], again["To"].addresses[0].display_name):
        assert not re.search(r"[\r\n\0]", str(shown_value))
        assert "=?" not in shown_value or "\r" not in str(
            email.header.make_header(email.header.decode_header(shown_value))
        )


@pytest.mark.parametrize(
    "field", ["sender_name", "subject", "list_id", "feedback_id", "one_click_url", "reply_to"]
)
@pytest.mark.parametrize("value", ["a\r\nBcc: x", "a\0b", "=?utf-8?b?DQpCY2M6IHg=?=", "a\u2028b"])
def test_hostile_header_of_the_mailing_is_refused_by_field_name(field, value):
    with pytest.raises(HeaderRefused, match=field):
        compile_message(replace(SOURCE, **{field: value}), date=DATE, boundary_seed=b"1")


@pytest.mark.parametrize(
    "header", [("Bcc", "x"), ("X\r\nBcc", "x"), ("X-Note", "a\r\nBcc: x"), ("From", "x")]
)
def test_extra_header_cannot_replace_or_add_others(header):
    with pytest.raises(HeaderRefused):
        compile_message(replace(SOURCE, headers=(header,)), date=DATE, boundary_seed=b"1")


def test_headers_are_complete_and_idn_is_an_a_label():
    message = parse(
        COMPILED.render((7, "jörg.example@bücher.example".replace("jörg.", "joerg."), "Jörg", {}, TOKEN))
    )
    assert message["From"].addresses[0].addr_spec == "news@xn--bcher-kva.example"
    assert message["From"].addresses[0].display_name == "Städtische Bücherei"
    assert message["To"].addresses[0].addr_spec == "joerg.example@xn--bcher-kva.example"
    assert message["Date"].datetime == DATE
    assert (
        message["List-Unsubscribe"]
        == f"<https://n.example/u/{TOKEN}>, <mailto:off@n.example?subject={TOKEN}>"
    )
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Id"] == "<weekly.news.example>"
    assert message["Feedback-ID"] == "weekly:n.example:newsletter:rundbrief"
    assert message["MIME-Version"] == "1.0"
    assert re.fullmatch(r"<7\.[0-9a-f]{20}@n\.example>", message["Message-ID"])
    for name in ("From", "To", "Date", "Message-ID", "Subject"):
        assert len(message.get_all(name)) == 1


def test_value_in_a_link_is_one_encoded_component():
    page = part(parse(COMPILED.render((7, "a@b.example", "", {"Ort": 'x" onclick="a&b/ö'}, TOKEN))), "html")
    assert f'href="https://n.example/c/1/{TOKEN}?q=x%22%20onclick%3D%22a%26b%2F%C3%B6"' in page


def test_value_with_placeholder_text_is_not_expanded_again():
    plain = part(
        parse(COMPILED.render((7, "a@b.example", "", {"Vorname": "[Ort] {{token}}", "Ort": "x"}, TOKEN))),
        "plain",
    )
    assert plain.startswith("Hallo [Ort] {{token}},")


def test_same_recipient_gets_the_same_bytes_on_every_attempt_and_machine():
    recipient = (7, "a@b.example", "Anna", {"Vorname": "Änne"}, TOKEN)
    assert Compiled.load(COMPILED.dump()).render(recipient) == COMPILED.render(recipient)
    assert Compiled.load(COMPILED.dump()).names == {"Vorname", "Ort"}


def test_cut_off_dump_is_refused():
    with pytest.raises(ValueError):
        Compiled.load(COMPILED.dump()[:-1])


@pytest.mark.parametrize(
    "address", ["a b@x.example", "a>@x.example", "a@x.example\r\nDATA", "@x", "a@", "a@x..y", "a@-x.de"]
)
def test_address_that_could_leave_its_brackets_is_refused(address):
    with pytest.raises(RecipientRefused):
        COMPILED.render((7, address, "", {}, TOKEN))


def test_attachments_keep_name_type_and_bytes():
    files = (
        ("Preisliste für März 2026 – endgültige Fassung.pdf", "application/pdf", bytes(range(256)) * 20),
        ("a.txt", "text/plain", b"x"),
    )
    raw = compile_message(replace(SOURCE, attachments=files), date=DATE, boundary_seed=b"1").render(
        (7, "a@b.example", "", {}, TOKEN)
    )
    assert_clean_wire(raw)
    message = parse(raw)
    assert message.get_content_type() == "multipart/mixed"
    got = [
        (a.get_filename(), a.get_content_type(), a.get_payload(decode=True))
        for a in message.iter_attachments()
    ]
    assert got == list(files)
    assert part(message, "plain").startswith("Hallo Leserin")


def test_pictures_inside_the_mail_are_found_by_their_content_id():
    """mixed(alternative(text, related(html, pictures)), files): the tree that mail programs expect (RFC 2387)."""
    pictures = (
        ("logo@nord.example", "Logo.png", "image/png", bytes(range(256))),
        ("titel-1", "Titelbild – groß.jpg", "image/jpeg", b"\xff\xd8" + b"x" * 5000),
    )
    html_text = (
        '<p>[Vorname|Sie]</p><img src="cid:logo@nord.example"><img src="cid:titel-1">'
        '<a href="https://n.example/m/{{token}}">x</a>'
    )
    source = replace(
        SOURCE, html=html_text, inline=pictures, attachments=(("Plan.pdf", "application/pdf", b"%PDF"),)
    )
    raw = compile_message(source, date=DATE, boundary_seed=b"1").render(
        (7, "a@x.example", "", {"Vorname": "Änne"}, TOKEN)
    )
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        "image/jpeg", "application/pdf",
    ]  # fmt: skip
    assert not [defect for part in message.walk() for defect in part.defects]
    related = next(part for part in message.walk() if part.get_content_type() == "multipart/related")
    assert related.get_param("type") == "text/html"
    found = {part["Content-ID"]: part for part in related.iter_parts() if part["Content-ID"]}
    for content_id, filename, _, content in pictures:
        part = found[f"<{content_id}>"]
        assert (part.get_filename(), part.get_content_disposition()) == (filename, "inline")
        assert part.get_content() == content
    shown = message.get_body(("html",))
    assert "<p>Änne</p>" in shown.get_content() and TOKEN in shown.get_content()
    assert_clean_wire(raw)


@pytest.mark.parametrize("content_id", ["", "a b", "x>\r\nBcc: y", "a@b@c", "ü"])
def test_content_id_that_could_leave_its_header_is_refused(content_id):
    with pytest.raises(HeaderRefused):
        compile_message(
            replace(SOURCE, inline=((content_id, "a.png", "image/png", b"x"),)), date=DATE, boundary_seed=b"1"
        )


def test_return_path_names_the_delivery_and_cannot_be_forged():
    def sign(delivery_id: int) -> str:
        return f"token{delivery_id}"

    path = COMPILED.mail((42, "a@b.example", "", {}, sign(42)))[0].decode()
    assert read_return_path(path.split("@")[0].upper(), sign) == 42
    with pytest.raises(ValueError):
        read_return_path(path.split("@")[0].replace("42", "43"), sign)
