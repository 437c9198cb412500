"""Changes marked in the mail: new, changed, moved and taken-out blocks, and nothing else."""

from dispatcher.rendering.marking import Words, marked

WORDS = Words("NEW", "CHANGED", "MOVED from %(number)s", "GONE")


def mail(*blocks: str) -> str:
    rows = "".join(f'<tr><td class="pad" style="padding:0">{block}</td></tr>' for block in blocks)
    inner = f"<table width='600'>{rows}</table>"
    return f"<!doctype html><html><body><table><tr><td>{inner}</td></tr></table></body></html>"


def article(title: str, text: str = "Ab Montag fährt der Bus anders.", picture: str = "") -> str:
    return f'{picture}<h2>{title}</h2><p>{text}</p><a href="https://x.example/{title}">Weiterlesen</a>'


HEAD, FOOT = "<h1>Stadtgespräch</h1>", "Abmelden · Impressum"


def test_an_equal_mail_has_no_mark() -> None:
    same = mail(HEAD, article("Brücke"), FOOT)
    assert not any(word in marked(same, same, WORDS) for word in ("NEW", "CHANGED", "MOVED", "GONE"))


def test_new_and_taken_out_blocks_stand_where_they_belong() -> None:
    before = mail(HEAD, article("Brücke"), article("Theater", "Drei Abende, ein Stück, eine Premiere."), FOOT)
    after = mail(HEAD, article("Brücke"), article("Markt", "Käse aus Hoya und Brot aus dem Holzofen."), FOOT)
    shown = marked(before, after, WORDS)
    assert shown.count("NEW") == shown.count("GONE: Theater") == 1 and "CHANGED" not in shown
    assert shown.index("Brücke") < shown.index("GONE: Theater") and shown.index("NEW") < shown.index("Markt")


def test_a_block_with_other_words_picture_or_link_is_changed() -> None:
    before = mail(HEAD, article("Brücke"), article("Markt"), article("Wind"), FOOT)
    after = mail(
        HEAD, article("Brücke", "Ab Dienstag fährt der Bus anders."),
        article("Markt", picture='<img src="/media/k/mail600" alt="Zwei Stände">'),
        article("Wind").replace("https://x.example/Wind", "https://y.example/"), FOOT,
    )  # fmt: skip
    assert marked(before, after, WORDS).count("CHANGED") == 3


def test_only_the_block_that_went_past_the_others_is_moved() -> None:
    before = mail(HEAD, article("A"), article("B"), article("C"), article("D"), FOOT)
    after = mail(HEAD, article("D"), article("A"), article("B"), article("C"), FOOT)
    shown = marked(before, after, WORDS)
    assert shown.count("MOVED") == 1 and "MOVED from 5" in shown


def test_what_people_wrote_stays_text() -> None:
    before = mail(HEAD, article("&lt;script&gt;alert(1)&lt;/script&gt;"), FOOT)
    shown = marked(before, mail(HEAD, FOOT), WORDS)
    assert "GONE: &lt;script&gt;" in shown and "<script>" not in shown


def test_a_mail_that_is_no_table_of_ours_is_shown_as_it_is() -> None:
    letter = "<!doctype html><html><body><p>Guten Tag</p></body></html>"
    assert "Guten Tag" in marked(letter, letter, WORDS) and "NEW" not in marked(letter, letter, WORDS)
