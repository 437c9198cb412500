"""People's HTML reduced to what an article may hold, whatever it was pasted from; its plain text.

Nothing is repaired by guessing: what the list below does not name is unwrapped (its text stays) or, where its text is
no text of the article, dropped.
"""

import re
from collections import Counter

from lxml import html as lxml_html
from lxml.etree import ErrorTypes, LxmlError
from lxml.html import HtmlElement

from domain.content import nostyle, pasting

# ruff: noqa: SIM905 - lists of tags read better as words
TAGS = frozenset(
    "p br strong em u s sub sup a ul ol li h2 h3 h4 blockquote table thead tbody tr th td figure figcaption "
    "img hr".split()
)
RENAMED = {"b": "strong", "i": "em", "strike": "s", "del": "s", "h1": "h2", "h5": "h4", "h6": "h4"}
CONTAINERS = frozenset(  # a paragraph when they hold only text, else nothing but a frame around blocks
    "div section article main header footer aside center address dl dt dd details summary fieldset pre".split()
)
DROPPED = frozenset(
    "script style head meta link title noscript template iframe object embed applet form input button select "
    "textarea option nav svg math canvas video audio source xml base frame frameset".split()
)
ATTRIBUTES = {
    "a": ("href", "title"),
    "img": ("src", "alt", "width", "height"),
    "td": ("colspan", "rowspan"),
    "th": ("colspan", "rowspan"),
    "ol": ("start",),
}
NUMBERS = frozenset(("width", "height", "colspan", "rowspan", "start"))
_BLOCKS = frozenset("p ul ol li h2 h3 h4 blockquote table thead tbody tr th td figure figcaption hr".split())
_EMPHASIS = ("strong", "em", "u", "s", "sub", "sup")
_PARENTS = {
    "thead": ("table",),
    "tbody": ("table",),
    "tr": ("table", "thead", "tbody"),
    "td": ("tr",),
    "th": ("tr",),
    "li": ("ul", "ol"),
    "figcaption": ("figure",),
}
_LINK = re.compile(r"(?:https?://|mailto:)[^\s<>\"']+\Z", re.I)
_PLACEHOLDER = re.compile(r"\[[^\[\]<>\"']{1,80}\]\Z")
_MEDIA = re.compile(r"(?:https?://[^/\s\"'<>]+)?(/media/([A-Za-z0-9_-]{16,64})/[a-z0-9]{1,20})\Z")
_NUMBER = re.compile(r"[0-9]{1,4}\Z")
_INVALID = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")  # no text of any document
_REFERENCE = re.compile(r"&#(?:x([0-9a-f]{1,9})|([0-9]{1,9}));?", re.I)
_CONDITIONAL = re.compile(
    r"<!--\[if[^\]]*\]>.*?<!\[endif\]-->|<!\[(?:if|endif)[^>]*>|<\?xml[^>]*>", re.S | re.I
)
_SPACES = re.compile(r"[ \t\r\n\f]+")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)[^<>]*>")
_AS_THEY_ARE = frozenset(  # hold nothing, or nothing that is text
    "area base br col embed hr img input link meta source track wbr script style".split()
)
MAX_CHARACTERS = 500_000
DEEPEST = 100  # levels; libxml2 ends at 256


def clean(html: str) -> str:
    """The allowed part of `html`. Paste from Word, Google Docs, LibreOffice and web pages comes out as plain
    paragraphs, headings, lists, emphasis and links; scripts, styles, foreign pictures and addresses other than
    http, https and mailto do not come out at all. Cleaning twice changes nothing."""
    source = nostyle.typed(_INVALID.sub("", _REFERENCE.sub(_known, html[:MAX_CHARACTERS])))
    source = _CONDITIONAL.sub("", source)
    for _ in range(4):  # broken nesting reads differently once it is repaired
        before, source = source, _cleaned(source)
        if source == before:
            break
    return source


def media_keys(html: str) -> list[str]:
    """The public keys of the pictures inside of clean HTML."""
    return sorted(
        {found[2] for found in (_MEDIA.match(src) for src in re.findall(r'src="([^"]*)"', html)) if found}
    )


def plain(html: str) -> str:
    """The text of clean HTML, a line per block."""
    if not html.strip():
        return ""
    root = lxml_html.fragment_fromstring(html, create_parent="div")
    for element in root.iter():
        if element.tag in _BLOCKS or element.tag == "br":
            element.tail = "\n" + (element.tail or "")
    text = "".join(root.itertext())
    return re.sub(r"\n\s*\n+", "\n", re.sub(r"[ \t\u00a0]+", " ", text)).strip()


def _cleaned(source: str) -> str:
    if not source.strip():
        return ""
    root = _parsed(source)
    _drop(root)
    pasting.lists(root)
    pasting.emphasis(root)
    _reduce(root)
    _unnest(root)
    _trim(root)
    whole = lxml_html.tostring(root, encoding="unicode", method="html")
    return whole[whole.index(">") + 1 : whole.rindex("<")].strip()  # without the <div> around it


def _known(reference: re.Match[str]) -> str:
    """A numbered character stays as it is written, unless it is one that no document may hold."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    return "" if code > 0x10FFFF or not code or _INVALID.match(chr(code)) else reference[0]


def _parsed(source: str) -> HtmlElement:
    """A <div> with everything that `source` says; a whole document gives its body."""
    try:
        parser = lxml_html.HTMLParser()
        root = lxml_html.fragment_fromstring(source, create_parent="div", parser=parser)
        if any(entry.type == ErrorTypes.ERR_RESOURCE_LIMIT for entry in parser.error_log):
            root = lxml_html.fragment_fromstring(_flattened(source), create_parent="div")
        return root
    except (LxmlError, ValueError, AssertionError):  # several bodies, a doctype in the middle, nothing at all
        root = lxml_html.Element("div")
        try:
            root.append(lxml_html.document_fromstring(f"<div>{source}</div>"))
        except (LxmlError, ValueError, AssertionError):
            root.text = ""
        return root


def _flattened(source: str) -> str:
    """`source` without the tags below DEEPEST: the parser gives up there and would lose all text that follows."""
    opened: list[str] = []
    often: Counter[str] = Counter()

    def kept(tag: re.Match[str]) -> str:
        name = tag[2].lower()
        if name in _AS_THEY_ARE:
            return tag[0]
        if not tag[1]:
            opened.append(name)
            often[name] += 1
            return tag[0] if len(opened) <= DEEPEST else ""
        if not often[name]:
            return ""
        deep, last = len(opened) > DEEPEST, ""
        while last != name:
            last = opened.pop()
            often[last] -= 1
        return "" if deep else tag[0]

    return _TAG.sub(kept, source)


def _drop(root: HtmlElement) -> None:
    for element in list(root.iter()):
        if element is root or element.getparent() is None:
            continue
        if not isinstance(element.tag, str) or element.tag.casefold() in DROPPED:
            element.drop_tree() if isinstance(element, HtmlElement) else _drop_comment(element)


def _drop_comment(node) -> None:  # type: ignore[no-untyped-def]
    parent, tail = node.getparent(), node.tail or ""
    before = node.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(node)


def _reduce(root: HtmlElement) -> None:
    for element in list(root.iterdescendants()):
        if element.getparent() is None:
            continue
        tag = _allowed(element)
        if element.tag == "img" and not tag:
            element.drop_tree()
        elif not tag:
            element.drop_tag()
        else:
            _keep(element, tag)


def _allowed(element: HtmlElement) -> str:
    """The tag an element may go on with, or "" for none."""
    tag = RENAMED.get(element.tag, element.tag)
    if tag in CONTAINERS:
        return "" if any(c.tag in _BLOCKS or c.tag in CONTAINERS for c in element) else "p"
    if tag == "img":
        return tag if _MEDIA.match(element.get("src", "").strip()) else ""
    if tag == "a":
        href = element.get("href", "").strip()
        return tag if _LINK.match(href) or _PLACEHOLDER.match(href) else ""
    return tag if tag in TAGS else ""


def _keep(element: HtmlElement, tag: str) -> None:
    element.tag = tag
    kept = {name: element.get(name, "").strip() for name in ATTRIBUTES.get(tag, ())}
    element.attrib.clear()
    for name, value in kept.items():
        if value and (name not in NUMBERS or _NUMBER.match(value)):
            element.set(name, value)
    if tag == "img":
        ours = _MEDIA.match(kept["src"])
        element.set(
            "src", ours[1] if ours else ""
        )  # without a host: it may be written absolute after a paste
        element.set("alt", kept["alt"])


def _unnest(root: HtmlElement) -> None:
    """Blocks inside paragraphs, headings or emphasis lift what is around them; emphasis inside the same emphasis
    says nothing more; parts of tables and lists outside of one are text."""
    for element in list(root.iter("p", "h2", "h3", "h4", "a", *_EMPHASIS)):
        if any(inner.tag in _BLOCKS for inner in element.iterdescendants()) or (
            element.tag in _EMPHASIS and any(a.tag == element.tag for a in element.iterancestors())
        ):
            element.drop_tag()
    for element in list(root.iter(*_PARENTS)):
        if element.getparent().tag not in _PARENTS[element.tag]:
            element.drop_tag()


def _trim(root: HtmlElement) -> None:
    """Loose text becomes paragraphs, empty paragraphs and needless spaces go."""
    for element in root.iter():
        if element.text:
            element.text = _SPACES.sub(" ", element.text)
        if element.tail:
            element.tail = _SPACES.sub(" ", element.tail)
    empty = {"p", "h2", "h3", "h4", "strong", "em", "u", "s", "a", "li", "ul", "ol", "blockquote"}
    for element in reversed(list(root.iterdescendants())):
        if element.tag in empty and not len(element) and not element.text_content().strip(" \u00a0"):
            element.drop_tree() if element.tag in _BLOCKS else element.drop_tag()
    for element in list(root):
        if element.tag == "br":
            element.drop_tree()
    if any(child.tag in _BLOCKS for child in root):
        _wrap_loose(root)


def _wrap_loose(root: HtmlElement) -> None:
    def paragraph(text: str | None) -> HtmlElement | None:
        if not (text or "").strip():
            return None
        made = lxml_html.Element("p")
        made.text = (text or "").lstrip()
        return made

    first = paragraph(root.text)
    root.text = None
    children = list(root)
    if first is not None:
        root.insert(0, first)
    current = first
    for child in children:
        tail, child.tail = child.tail, None
        if child.tag in _BLOCKS:
            current = None
        else:
            if current is None:
                current = lxml_html.Element("p")
                child.addprevious(current)
            current.append(child)
            child.tail = tail
            continue
        loose = paragraph(tail)
        if loose is not None:
            child.addnext(loose)
            current = loose
