"""What may not be wrong with any page: script errors, foreign hosts, overflow, labels, words, and what axe finds."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request

from portal import catalog

HERE = Path(__file__).parent
AXE = HERE.parents[1] / "assets" / "node_modules" / "axe-core" / "axe.min.js"
IN_PAGE = (HERE / "faults.js").read_text(encoding="utf-8")
# Chromium also writes this for an answer that is refused on purpose, such as a missing page or a refused form.
EXPECTED = re.compile(  # what the browser, and htmx, write about an answer that refuses something
    r"Failed to load resource: the server responded with a status of 4\d\d|Response Status Error Code 4\d\d from "
)
BROKEN_OFF = (  # what htmx writes about a request without an answer, in this order
    re.compile(r"htmx:afterRequest"),
    re.compile(r"htmx:send(Abort|Error)"),
)
RUN_AXE = """async (rules) => {
  const options = { iframes: false, preload: false, resultTypes: ["violations"], runOnly: rules };
  const { violations } = await axe.run(document, options);
  return violations.flatMap((v) => v.nodes.map((n) => [v.impact, v.id, n.target.join(" "), n.html.slice(0, 160)]));
}"""
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ALL_RULES = {"type": "tag", "values": WCAG}
ON_NARROW = {"type": "rule", "values": ["target-size", "scrollable-region-focusable"]}
IN_THE_DARK = {"type": "rule", "values": [*ON_NARROW["values"], "color-contrast"]}
BLOCKING = {"serious", "critical"}
# A language calls itself by its own name on every page, the demo house has a folder of this name, and a typeface has
# no other.
OWN_NAMES = {"Deutsch", "English", "Redaktion", "Times"}
WORDS_THAT_TELL = 3  # a piece of a message with so many words is no accident


@dataclass
class Words:
    """Messages of the other language: whole ones, and the pieces between the values of longer ones."""

    whole: set[str] = field(default_factory=set)
    pieces: set[str] = field(default_factory=set)

    def wrong(self, texts: Iterable[str]) -> list[str]:
        """The texts that are written in the other language."""
        found = []
        for text in texts:
            if text in OWN_NAMES:
                continue
            if text in self.whole or any(piece in text for piece in self.pieces):
                found.append(text)
        return found


def foreign_words(language: str) -> Words:
    """What may not stand on a page in `language` ("de" or "en"), from the catalogues."""
    german = catalog.merge("de", sorted((catalog.TRANSLATIONS / "de" / "LC_MESSAGES").glob("*.po")))
    pairs = []
    for message in german:
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        pairs += [(str(a), str(b)) for a, b in zip(ids, strings, strict=False) if a and a != b]
    ours, others = {a for a, _ in pairs}, {b for _, b in pairs}
    if language == "de":
        ours, others = others, ours
    words = Words()
    for text in others - ours:
        pieces = re.split(r"%\(\w+\)\w|%%", text)
        # what the demo house holds is German: short names there mean nothing on an English page
        if len(pieces) == 1 and (language == "de" or len(text.split()) >= WORDS_THAT_TELL):
            words.whole.add(text)
        words.pieces |= {p.strip(" .,:;") for p in pieces if len(p.split()) >= WORDS_THAT_TELL}
    return words


def watch(page: Page, faults: list[str]) -> None:
    """Write every script error and every request to another host down in `faults`."""
    broken_off: list[Request] = []

    def forgive() -> None:
        """Whoever leaves a page before an answer has come breaks the request off: that is nobody's mistake."""
        lines = [next((f for f in faults if sign.search(f)), "") for sign in BROKEN_OFF]
        if broken_off and all(lines):
            broken_off.pop()
            for line in lines:
                faults.remove(line)

    def on_failure(request: Request) -> None:
        if request.failure == "net::ERR_ABORTED" and request.resource_type == "xhr":
            broken_off.append(request)
            forgive()

    def on_console(message: ConsoleMessage) -> None:
        # what axe tries in the page has no address: styles that the policy refuses
        if message.type == "error" and message.location["url"] and not EXPECTED.match(message.text):
            faults.append(f"{page.url}: {message.text}")
            forgive()

    def on_request(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname != "127.0.0.1":
            faults.append(f"{page.url} asks another host: {request.url}")

    page.on("console", on_console)
    page.on("requestfailed", on_failure)
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    page.on("request", on_request)


def examine(page: Page, foreign: Words | None = None) -> tuple[list[str], list[str]]:
    """(what is wrong with the page as it stands, addresses of this host that it links to)."""
    found: dict[str, Any] = page.evaluate(IN_PAGE)
    mails = "/inbox" in page.url  # they stand there in the language of whoever gets them
    wrong = foreign.wrong(found["texts"]) if foreign and not mails else []
    return [*found["faults"], *(f"other language: {text}" for text in wrong)], found["links"]


def axe(page: Page, rules: dict[str, Any] | None = None) -> list[str]:
    """What axe finds serious or critical."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(RUN_AXE, rules or ALL_RULES)
    return [
        f"axe {rule} ({impact}): {target}  {html}"
        for impact, rule, target, html in found
        if impact in BLOCKING
    ]
