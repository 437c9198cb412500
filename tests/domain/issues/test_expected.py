"""Articles that issues wait for: asked for, written, reminded of, missing."""

from datetime import timedelta

import pytest

from domain import clock
from domain.accounts import policy
from domain.content import articles
from domain.content.models import Article
from domain.errors import Conflict, Forbidden, Invalid, NotFound
from domain.folding import fold
from domain.issues import assembly, commissions, expected, schedule
from domain.issues.models import ExpectedArticle, Issue, IssueState
from domain.notices.models import Notice
from tests import mailings
from tests import world as worlds

NOON = clock.now().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=10)


@pytest.fixture
def world(database: str) -> worlds.World:
    return worlds.build()


@pytest.fixture
def issue(world: worlds.World) -> Issue:
    return mailings.issue(world)


def asked(world: worlds.World, issue: Issue, **values: object) -> ExpectedArticle:
    given = {"topic": " Der neue  Markt ", "author_id": world.journalist.id, "due_at": NOON, **values}
    return commissions.save(issue, world.editor, **given)


def messages(user_id: int) -> list[str]:
    return [n.message for n in Notice.select().where(Notice.user_id == user_id).order_by(Notice.id)]


def test_an_author_is_asked_writes_and_the_issue_misses_nothing_more(
    world: worlds.World, issue: Issue
) -> None:
    row = asked(world, issue, note="Zwei Stände besuchen.")
    [notice] = Notice.select().where(Notice.user_id == world.journalist.id)
    assert notice.url == f"expected/{row.id}" and notice.params["title"] == "Der neue Markt"
    assert notice.mail == "now" or notice.mail == ""  # as the person has chosen
    [(line, of)] = expected.of_author(world.north.id, world.journalist.id)
    assert (line.stand, of.id) == ("missing", issue.id)
    rights = policy.rights_of(world.journalist, world.north.id)
    article = commissions.write(row, world.journalist)
    assert Article.get_by_id(article.id).folded == fold(row.topic)  # found, and sorted by it
    assert (article.title, article.notes) == ("Der neue Markt", "Zwei Stände besuchen.")
    assert commissions.write(expected.get(row.tenant_id, row.id), world.journalist).id == article.id
    assert [one.stand for one in expected.missing(issue)] == ["begun"]
    article = articles.get(world.north.id, article.id, world.journalist, rights)
    articles.save(
        article, world.journalist, rights, article.version, {"teaser": "Zwölf.", "body": "<p>Text</p>"}
    )
    articles.submit(article, world.journalist, rights)
    assert expected.missing(issue) == [] and expected.of_author(world.north.id, world.journalist.id) == []
    articles.give_back(article, world.editor, "Bitte kürzen.")
    assert [one.stand for one in expected.missing(issue)] == ["begun"]


def test_what_is_asked_for_needs_words_a_writer_and_a_day_before_the_issue(
    world: worlds.World, issue: Issue
) -> None:
    with pytest.raises(Invalid) as wrong:
        commissions.save(issue, world.editor, "  ", world.auditor.id, None)
    assert set(wrong.value.fields) == {"topic", "author", "due"}
    schedule.set_dates(issue, NOON, None)
    with pytest.raises(Invalid) as wrong:
        asked(world, issue, due_at=NOON + timedelta(hours=1))
    assert set(wrong.value.fields) == {"due"}
    with pytest.raises(Invalid):
        asked(world, issue, author_id=world.south_editor.id)
    assembly.mark(issue, IssueState.APPROVED)
    with pytest.raises(Conflict):
        asked(world, issue)
    assert not ExpectedArticle.select().exists()


def test_nobody_else_writes_it_and_foreign_ones_look_like_missing_ones(
    world: worlds.World, issue: Issue
) -> None:
    row = asked(world, issue)
    with pytest.raises(Forbidden):
        commissions.write(row, world.editor)
    with pytest.raises(NotFound):
        expected.get(world.south.id, row.id)
    other = mailings.issue(world)
    with pytest.raises(NotFound):
        commissions.save(other, world.editor, "x", world.journalist.id, NOON, expected_id=row.id)
    foreign = articles.create(world.south.id, world.south_editor)
    rights = policy.rights_of(world.editor, world.north.id)
    with pytest.raises(NotFound):
        commissions.take(row, foreign.id, world.editor, rights)
    with pytest.raises(Forbidden):
        commissions.take(row, None, world.auditor, policy.rights_of(world.auditor, world.north.id))
    mine = mailings.article(world, "Schon da", state="accepted")
    commissions.take(row, mine.id, world.editor, rights)
    assert [one.stand for one in expected.of_issue(issue)] == ["there"]


def test_authors_are_reminded_once_before_and_once_when_it_is_late(
    world: worlds.World, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = asked(world, issue)
    author, planner = world.journalist.id, world.editor.id
    commissions.sweep()
    assert len(messages(author)) == 1
    for before, to_author, to_planner in (
        (timedelta(days=1), 2, 0), (timedelta(hours=1), 2, 0), (-timedelta(hours=1), 3, 1), (-timedelta(days=9), 3, 1),
    ):  # fmt: skip
        monkeypatch.setattr(clock, "now", lambda before=before: NOON - before)
        commissions.sweep()
        assert (len(messages(author)), len(messages(planner))) == (to_author, to_planner)
    assert expected.line(expected.get(row.tenant_id, row.id)).late
    commissions.remind(expected.get(row.tenant_id, row.id), world.editor)
    with pytest.raises(Conflict):
        commissions.remind(expected.get(row.tenant_id, row.id), world.editor)
    assert len(messages(author)) == 4


def test_nobody_is_reminded_of_what_is_there_or_of_a_closed_issue(
    world: worlds.World, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, closed = asked(world, issue), mailings.issue(world)
    commissions.take(given, mailings.article(world, "Da").id, world.editor, policy.rights_of(world.editor, 1))
    asked(world, closed)
    assembly.mark(closed, IssueState.SENT)
    before = Notice.select().count()
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(hours=1))
    commissions.sweep()
    assert Notice.select().count() == before


def test_what_is_due_with_the_issue_moves_with_its_deadline_and_stands_in_the_calendar(
    world: worlds.World, issue: Issue
) -> None:
    schedule.set_dates(issue, NOON + timedelta(days=2), NOON)
    moving, own = asked(world, issue), asked(world, issue, topic="Früher", due_at=NOON - timedelta(days=1))
    later = NOON + timedelta(days=1)
    schedule.set_dates(issue, issue.planned_at, later)
    days = {r.id: r.due_at for r in ExpectedArticle.select()}
    assert days == {moving.id: later, own.id: NOON - timedelta(days=1)}
    found = schedule.month(world.north.id, later.date().replace(day=1), later.tzinfo)
    assert "Der neue Markt" in [e.line.row.topic for e in found[later.date()] if e.line]


def test_another_author_begins_anew_and_what_is_no_longer_expected_is_gone(
    world: worlds.World, issue: Issue
) -> None:
    row = asked(world, issue)
    article = commissions.write(row, world.journalist)
    row = asked(world, issue, author_id=world.editor.id, expected_id=row.id)
    assert row.article_id is None and messages(world.editor.id) == []
    commissions.remove(row, world.editor)
    assert expected.of_issue(issue) == [] and articles.remarks(article) == []
