"""Subject and habits of advertising that filters count: pure text, in German and English."""

import re
from urllib.parse import urlsplit

from dispatcher.preflight.facts import Facts
from dispatcher.preflight.findings import Findings, Place, error, hint
from domain.errors import N_

SHOWN = 60  # characters that most programs show of a subject
_REPLY = re.compile(r"\s*(?:re|aw|fw|fwd|wg)\s*:", re.I)
_PICTOGRAM = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")
_SLOT = re.compile(r"\[[^\]]*\]")
# words that content filters weigh (SpamAssassin's and the providers' published advice), German and English
_LOUD = (
    "100 % gratis", "100% gratis", "garantiert gewinnen", "jetzt zuschlagen", "nur heute", "sie haben gewonnen",
    "schnell geld", "kein risiko", "letzte chance", "act now", "risk-free", "risk free", "you have won", "winner",
    "make money", "100% free", "last chance", "click here", "hier klicken", "dear friend", "viagra", "casino",
)  # fmt: skip
_SHORTENERS = frozenset({"bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly", "is.gd", "buff.ly", "cutt.ly"})
_EMPTY_WORDS = frozenset(
    {"hier", "here", "klick", "click", "click here", "hier klicken", "link", "mehr", "more"}
)
_ADDRESS = re.compile(r"(?:https?://|www\.)([a-z0-9.-]+\.[a-z]{2,})", re.I)


def subject(facts: Facts) -> Findings:
    """Missing, too long, or written as if it answered somebody."""
    text = facts.issue.subject.strip()
    if not text:
        yield error(N_("The subject is missing."), Place.SUBJECT)
        return
    if len(text) > SHOWN:
        message = N_("The subject has %(count)d characters; many programs show 60.")
        yield hint(message, Place.SUBJECT, count=len(text))
    if _REPLY.match(text):
        yield hint(N_("The subject begins as if it were an answer. Readers and filters take that for a trick."),
                   Place.SUBJECT)  # fmt: skip


def preheader(facts: Facts) -> Findings:
    if not facts.issue.preheader.strip() and not facts.letter:
        yield hint(N_("The preview text is missing; inboxes show it behind the subject."), Place.PREHEADER)


def shouting(facts: Facts) -> Findings:
    """Capitals, exclamation marks, pictograms and loud words in the subject."""
    text = _SLOT.sub("", facts.issue.subject)
    letters = [c for c in text if c.isalpha()]
    if len(letters) > 10 and sum(c.isupper() for c in letters) > 0.6 * len(letters):
        yield hint(
            N_("The subject is written in capitals; filters take that for advertising."), Place.SUBJECT
        )
    if text.count("!") + text.count("?") > 2 or "!!" in text:
        yield hint(
            N_("Several exclamation or question marks in the subject look like advertising."), Place.SUBJECT
        )
    if len(_PICTOGRAM.findall(text)) > 2:
        yield hint(N_("More than two pictograms in the subject look like advertising."), Place.SUBJECT)
    loud = next((word for word in _LOUD if word in text.casefold()), None)
    if loud:
        yield hint(N_("Filters weigh “%(word)s” in a subject."), Place.SUBJECT, word=loud)


def habits(facts: Facts) -> Findings:
    """Links that hide where they lead, and mails that are one big picture."""
    for link in facts.links:
        host = (urlsplit(link.url).hostname or "").removeprefix("www.")
        said = _ADDRESS.search(link.words)
        if host in _SHORTENERS:
            yield hint(
                N_("The short link %(url)s hides where it leads; filters mistrust it."), Place.ISSUE, link.block_id,
                url=link.url,
            )  # fmt: skip
        elif said and not _same_site(said[1].casefold().removeprefix("www."), host):
            yield hint(
                N_("A link says %(said)s and leads to %(host)s; filters take that for fraud."), Place.ISSUE,
                link.block_id, said=said[1], host=host,
            )  # fmt: skip
        elif link.words.casefold().strip(" .»›→") in _EMPTY_WORDS:
            yield hint(
                N_("The link “%(words)s” does not say where it leads."), Place.ISSUE, link.block_id,
                words=link.words,
            )  # fmt: skip
    if facts.pictures and facts.text_length < 200 and not facts.letter:
        yield hint(N_("Nearly no text beside the pictures; filters take such mails for advertising."))


def _same_site(said: str, host: str) -> bool:
    return said == host or host.endswith(f".{said}") or said.endswith(f".{host}")
