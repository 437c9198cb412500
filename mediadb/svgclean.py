"""Runs alone (mediadb.child): an SVG reduced to shapes, text and gradients. No script, no style sheet, no animation,
nothing from elsewhere: what the lists below do not name does not come out."""

import json
import re
import resource
import sys

# ruff: noqa: SIM905 - lists of names read better as words
TAGS = frozenset(
    "svg g defs symbol use title desc path rect circle ellipse line polyline polygon text tspan textPath "
    "linearGradient radialGradient stop clipPath mask pattern marker switch".split()
)
ATTRIBUTES = frozenset(
    "id class viewBox preserveAspectRatio version width height x y x1 y1 x2 y2 cx cy r rx ry fx fy fr d points "
    "transform fill fill-opacity fill-rule stroke stroke-width stroke-linecap stroke-linejoin stroke-miterlimit "
    "stroke-dasharray stroke-dashoffset stroke-opacity opacity color stop-color stop-opacity offset gradientUnits "
    "gradientTransform spreadMethod clip-path clip-rule clipPathUnits mask maskUnits maskContentUnits patternUnits "
    "patternContentUnits patternTransform marker-start marker-mid marker-end markerWidth markerHeight markerUnits "
    "refX refY orient font-family font-size font-weight font-style text-anchor dominant-baseline letter-spacing "
    "word-spacing text-decoration textLength lengthAdjust dx dy rotate startOffset display visibility "
    "paint-order vector-effect shape-rendering role aria-label".split()
)
SVG = "{http://www.w3.org/2000/svg}"
HREFS = ("href", "{http://www.w3.org/1999/xlink}href")
MOST_NODES, DEEPEST, MOST_USES = 20_000, 60, 500
MEMORY_BYTES = 700_000_000
CPU_S = 10
UNREADABLE, HOSTILE = 3, 5
_OWN = re.compile(r"#[A-Za-z_][\w.:-]{0,100}\Z")
_REFERENCE = re.compile(r"url\(", re.I)
_OWN_REFERENCE = re.compile(
    r"\s*url\(\s*['\"]?#[A-Za-z_][\w.:-]{0,100}['\"]?\s*\)(?:\s+[\w#.-]+)?\s*\Z", re.I
)
_DECLARATION = re.compile(r"\s*([a-z-]+)\s*:\s*([^;{}]*)\s*\Z")


def main() -> int:
    """0 and the clean SVG on standard output, or an exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        made = clean(sys.stdin.buffer.read())
    except OverflowError:
        return HOSTILE
    except Exception:
        return UNREADABLE
    out = sys.stdout.buffer
    out.write(json.dumps([["clean", "image/svg+xml", *made[1:], len(made[0])]]).encode() + b"\n" + made[0])
    out.flush()
    return 0


def clean(data: bytes) -> tuple[bytes, int, int]:
    """(safe SVG, width, height in pixels). Raises ValueError for what is no SVG, OverflowError for a bomb."""
    from lxml import etree

    if re.search(rb"<!ENTITY", data, re.I) or re.search("<!ENTITY".encode("utf-16-le"), data, re.I):
        raise OverflowError("entities")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    root = etree.fromstring(data, parser)
    if root.tag not in ("svg", f"{SVG}svg"):
        raise ValueError("no svg")
    made = etree.Element(f"{SVG}svg", nsmap={None: SVG[1:-1]})
    counted = {"nodes": 0, "uses": 0}
    _copy(etree, root, made, counted, 0)
    width, height = _size(made)
    etree.cleanup_namespaces(made)
    return etree.tostring(made, encoding="utf-8", xml_declaration=True), width, height


def _copy(etree, source, target, counted, depth):  # type: ignore[no-untyped-def]
    """The allowed attributes, text and children of `source` into `target`."""
    if depth > DEEPEST:
        raise OverflowError("too deep")
    _attributes(source, target)
    target.text = source.text
    for child in source:
        counted["nodes"] += 1
        if counted["nodes"] > MOST_NODES:
            raise OverflowError("too many nodes")
        name = _name(child)
        if name == "use":
            counted["uses"] += 1
            if counted["uses"] > MOST_USES:
                raise OverflowError("too many uses")
            if _inside(source, ("defs", "symbol", "pattern", "marker", "mask", "clipPath")):
                continue  # uses of uses multiply: a billion laughs without entities
        if name in TAGS:
            made = etree.SubElement(target, SVG + name)
            _copy(etree, child, made, counted, depth + 1)
            made.tail = child.tail
        elif isinstance(child.tag, str) and child.tail:
            _append_text(target, child.tail)


def _append_text(target, text):  # type: ignore[no-untyped-def]
    if len(target):
        target[-1].tail = (target[-1].tail or "") + text
    else:
        target.text = (target.text or "") + text


def _inside(element, names):  # type: ignore[no-untyped-def]
    return _name(element) in names or any(_name(a) in names for a in element.iterancestors())


def _name(element) -> str:  # type: ignore[no-untyped-def]
    """The local name of an element of SVG, "" for all else."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    if tag.startswith(SVG):
        return tag[len(SVG) :]
    return "" if tag.startswith("{") else tag


def _attributes(source, target) -> None:  # type: ignore[no-untyped-def]
    for name, value in source.attrib.items():
        if name in HREFS:
            if _name(source) in (
                "use",
                "textPath",
                "linearGradient",
                "radialGradient",
                "pattern",
            ) and _OWN.match(value.strip()):
                target.set("href", value.strip())
        elif name == "style":
            for key, said in _declarations(value):
                target.set(key, said)
        elif name in ATTRIBUTES and _is_harmless(value):
            target.set(name, value)


def _declarations(style: str):  # type: ignore[no-untyped-def]
    """What a style attribute says about allowed properties, as presentation attributes."""
    for part in style.split(";"):
        found = _DECLARATION.match(part)
        if found and found[1] in ATTRIBUTES and _is_harmless(found[2]):
            yield found[1], found[2].strip()


def _is_harmless(value: str) -> bool:
    """Nothing is fetched by it and nothing of it is executed anywhere."""
    if (
        len(value) > 500_000
        or "\\" in value
        or "javascript:" in value.casefold()
        or "expression(" in value.casefold()
    ):
        return False
    return not _REFERENCE.search(value) or bool(_OWN_REFERENCE.match(value))


def _size(root) -> tuple[int, int]:  # type: ignore[no-untyped-def]
    """Width and height in pixels, from the attributes or the view box; 0, 0 if neither tells."""
    given = [re.match(r"\s*([0-9.]{1,9})(?:px)?\s*\Z", root.get(key, "")) for key in ("width", "height")]
    numbers = [float(found[1]) for found in given if found]
    if len(numbers) != 2:
        box = re.findall(r"-?[0-9.]{1,12}", root.get("viewBox", ""))
        numbers = [float(n) for n in box[2:4]] if len(box) == 4 else []
    if len(numbers) != 2:
        return 0, 0
    width, height = (max(1, min(int(n), 10_000)) for n in numbers)
    return width, height


if __name__ == "__main__":
    sys.exit(main())
