"""What people paste comes out as plain headings, paragraphs, lists, emphasis and links, and never as a program."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.content.markup import clean, media_keys, plain

KEY = "abcdefghijklmnopqrstuvwx"

WORD = """<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"
xmlns:w="urn:schemas-microsoft-com:office:word"><head><meta name=Generator content="Microsoft Word 15">
<!--[if gte mso 9]><xml><w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml><![endif]-->
<style><!-- p.MsoNormal {margin:0cm;mso-pagination:widow-orphan} --></style></head>
<body lang=DE style='tab-interval:35.4pt'><!--StartFragment-->
<h1>Neue <span style='color:red'>Brücke</span><o:p></o:p></h1>
<p class=MsoNormal style='margin-bottom:8pt'><b style='mso-bidi-font-weight:normal'>Wichtig:</b> Die
<i>Leinebrücke</i> wird saniert.<o:p></o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><!--[if !supportLists]--><span
style='font-family:Symbol'><span style='mso-list:Ignore'>·<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;
</span></span></span><!--[endif]-->Erster Punkt<o:p></o:p></p>
<p class=MsoListParagraphCxSpLast style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span
style='font-family:Symbol'><span style='mso-list:Ignore'>·<span style='font:7.0pt "Times New Roman"'>&nbsp;
</span></span></span><![endif]>Zweiter <b>Punkt</b><o:p></o:p></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><span style='mso-list:Ignore'>1.<span>&nbsp;</span>
</span>Eins</p>
<p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><span style='mso-list:Ignore'>2.<span>&nbsp;</span>
</span>Zwei</p>
<p class=MsoNormal>Mehr <a href="https://www.example.org/x?a=1&amp;b=2" target="_blank">hier</a>.</p>
<!--[if gte vml 1]><v:shape>Form</v:shape><![endif]--><img width=10 src="file:///C:/x.png">
<table class=MsoTableGrid border=1><tr><td width=200 style='x'><p class=MsoNormal>A</p></td><td>B</td></tr></table>
<!--EndFragment--></body></html>"""

GOOGLE_DOCS = """<meta charset='utf-8'><b style="font-weight:normal;" id="docs-internal-guid-1"><h2 dir="ltr"
style="line-height:1.3"><span style="font-size:16pt;font-weight:400">Titel</span></h2><p dir="ltr"><span
style="font-weight:400">Normal </span><span style="font-weight:700">fett</span> <span
style="font-style:italic">schräg</span></p><br><ul><li dir="ltr" aria-level="1"><p dir="ltr" role="presentation"><span
>Punkt
</span></p></li></ul><p><a href="https://e.example" style="text-decoration:none"><span
style="text-decoration:underline">Link</span></a></p></b><br class="Apple-interchange-newline">"""

LIBREOFFICE = """<p style="margin-bottom: 0cm"><font face="Liberation Serif, serif"><font size="4"
style="font-size: 14pt"><b>Fett</b></font> und <i>kursiv</i></font></p><ol><li><p>eins</p></li></ol>"""

WEB_PAGE = """<div class="wrap"><nav><a href="/">Start</a></nav><header><h1 class="t">Titel</h1></header>
<script>alert(1)</script><section>Absatz eins</section><section>Absatz zwei <span onclick="x()">Text</span></section>
<img src="https://tracker.example/x.gif"><noscript>Zählpixel</noscript></div>"""


def test_word_keeps_headings_emphasis_lists_links_and_tables() -> None:
    assert clean(WORD) == (
        "<h2>Neue Brücke</h2><p><strong>Wichtig:</strong> Die <em>Leinebrücke</em> wird saniert.</p>"
        "<ul><li>Erster Punkt</li><li>Zweiter <strong>Punkt</strong></li></ul><ol><li>Eins</li><li>Zwei</li></ol>"
        '<p>Mehr <a href="https://www.example.org/x?a=1&amp;b=2">hier</a>.</p>'
        "<table><tr><td><p>A</p></td><td>B</td></tr></table>"
    )


def test_google_docs_comes_without_its_bold_frame_and_with_its_emphasis() -> None:
    assert clean(GOOGLE_DOCS) == (
        "<h2>Titel</h2><p>Normal <strong>fett</strong> <em>schräg</em></p><ul><li><p>Punkt </p></li></ul>"
        '<p><a href="https://e.example">Link</a></p>'
    )


def test_libreoffice_comes_without_fonts() -> None:
    assert (
        clean(LIBREOFFICE) == "<p><strong>Fett</strong> und <em>kursiv</em></p><ol><li><p>eins</p></li></ol>"
    )


def test_a_web_page_comes_without_navigation_scripts_and_counting_pictures() -> None:
    assert clean(WEB_PAGE) == "<h2>Titel</h2><p>Absatz eins</p><p>Absatz zwei Text</p>"


def test_plain_text_stays() -> None:
    assert clean("Müller & Söhne < 5") == "Müller &amp; Söhne &lt; 5"
    assert clean("  \n ") == ""


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        f"<img src='/media/{KEY}/mail600' onerror='alert(1)' style='x' srcset='//e.example/x'>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href=' jAvA\tScRiPt:alert(1)'>x</a>",
        "<a href='&#106;avascript:alert(1)'>x</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
        "<a href='vbscript:x'>x</a>",
        "<a href='//evil.example'>x</a>",
        "<p onclick='alert(1)' style='background:url(javascript:x)'>x</p>",
        "<svg><script>alert(1)</script></svg>",
        "<svg onload=alert(1)><p><style><img src=x onerror=alert(1)></style></p></svg>",
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
        "<iframe src='https://evil.example'></iframe>",
        "<object data='x.swf'><embed src='x.swf'></object>",
        "<form action='https://evil.example'><input name=q><button>Los</button></form>",
        "<style>@import 'https://evil.example/x.css'</style>",
        "<link rel=stylesheet href='https://evil.example/x.css'><meta http-equiv=refresh content='0;url=//e.example'>",
        "<base href='https://evil.example/'>",
        "<!--[if IE]><script>alert(1)</script><![endif]-->",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<template><script>alert(1)</script></template>",
        "<img src='https://evil.example/media/../x.gif'>",
        "<video src=x onerror=alert(1)></video><audio src=x></audio>",
        "<x onfocus=alert(1) tabindex=1 autofocus>",
    ],
)
def test_hostile_html_is_harmless(hostile: str) -> None:
    result = clean(f"<p>vorher</p>{hostile}<p>nachher</p>")
    for trace in (
        "script",
        "onerror",
        "onclick",
        "onload",
        "onfocus",
        "evil",
        "data:",
        "style",
        "iframe",
        "<form",
    ):
        assert trace not in result.casefold(), result


@pytest.mark.parametrize("count", [300, 20_000])
@pytest.mark.parametrize(
    ("down", "up"), [("<div>", "</div>"), ("<ul><li>", "</li></ul>"), ("<b>", "</b>"), ("<div>", "")]
)
def test_deep_nesting_ends_and_loses_no_text(count: int, down: str, up: str) -> None:
    made = clean("<p>vorher</p>" + down * count + "innen" + up * count + "<p>nachher</p>")
    assert [word for word in ("vorher", "innen", "nachher") if word in made] == ["vorher", "innen", "nachher"]
    assert made.count("<") < 500
    assert clean(made) == made


def test_scripts_stay_out_however_deep_they_lie() -> None:
    made = clean("<div>" * 300 + "<script>alert(1)</script><img src=x onerror=alert(1)>Text")
    assert made == "<p>Text</p>"


def test_our_own_pictures_stay_and_lose_their_host() -> None:
    written = f'<p><img src="https://rb.example/media/{KEY}/mail600" alt="Markt" width="600"></p>'
    assert clean(written) == f'<p><img src="/media/{KEY}/mail600" alt="Markt" width="600"></p>'
    assert media_keys(clean(written)) == [KEY]


def test_placeholders_may_stand_in_links() -> None:
    assert clean('<p><a href="[Abmeldelink]">x</a></p>') == '<p><a href="[Abmeldelink]">x</a></p>'


PARTS = st.sampled_from(
    ["<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "<b style='font-weight:normal'>", "<ul>", "<li>", "</ul>",
     "<table>", "<tr>", "<td>", "</table>", " ", "x", "&nbsp;", "<br>", "<hr>", f"<img src='/media/{KEY}/card'>",
     "<a href='https://x.example'>", "<a href='javascript:x'>", "</a>", "<h1>", "</h1>", "<svg>", "</svg>",
     "<script>", "</script>", "<!--", "-->", "<![CDATA[", "]]>", "<p class=MsoListParagraph>· y</p>", "<figure>",
     "<figcaption>", "</figure>", "<em>", "</em>", "<body>", "</body>", "\x01", "&#1;", "\ud800", "<o:p>",
     "<?xml x?>", "<!doctype html>", "<math>", "<style>", "</style>", "<textarea>", "<dl>", "<pre>", "\n"]
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(PARTS, max_size=14))
def test_cleaning_twice_changes_nothing(parts: list[str]) -> None:
    once = clean("".join(parts))
    assert clean(once) == once


def test_plain_text_has_a_line_per_block() -> None:
    assert plain("<h2>Titel</h2><p>Ein&nbsp;Satz.<br>Noch einer.</p><ul><li>a</li><li>b</li></ul>") == (
        "Titel\nEin Satz.\nNoch einer.\na\nb"
    )
