"""The comment `<!-- nostyle -->`: wherever it stands in what people wrote, the whole mail goes without automatic style.

In HTML that people write themselves it stays a comment. In a text it stands as it is typed, so that whoever opens the
text sees why the mail looks bare and can take it out again; no reader sees it, for it leaves with the rendering.
"""

import re

COMMENT = "<!-- nostyle -->"
_TYPED = "&lt;!-- nostyle --&gt;"
_COMMENT = re.compile(r"<!--\s*nostyle\s*-->", re.I)
_EITHER = re.compile(r"(?:<|&lt;)!--\s*nostyle\s*--(?:>|&gt;)", re.I)
_ALONE = re.compile(rf"<p\b[^>]*>(?:\s|<br[^>]*>)*{_EITHER.pattern}(?:\s|<br[^>]*>)*</p>", re.I)


def stands_in(text: str) -> bool:
    """Whether the comment stands in text or HTML, as a comment or typed."""
    return "nostyle" in text.casefold() and bool(_EITHER.search(text))


def typed(html: str) -> str:
    """`html` with the comment as something that can be seen and deleted in a text."""
    return _COMMENT.sub(_TYPED, html)


def without(text: str) -> str:
    """Text or HTML as readers get it; a paragraph that holds nothing else goes with the comment."""
    return _EITHER.sub("", _ALONE.sub("", text)) if stands_in(text) else text
