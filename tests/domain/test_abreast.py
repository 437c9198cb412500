"""Pieces of reading side by side: their questions leave together, every piece gets its own answer."""

from collections.abc import Iterator

import peewee
import pytest

from domain import bounds, db
from domain.accounts.models import User
from domain.content.models import Article
from domain.errors import NotFound
from domain.subscribers import suppression
from domain.tenancy import tree
from domain.tenancy.models import Tenant
from tests.statements import counted
from tests.world import World


@pytest.fixture
def articles(world: World) -> Iterator[list[Article]]:
    yield [
        Article.create(tenant_id=world.north.id, title=title, author_id=world.editor.id)
        for title in ("Äpfel", 'Q"uote', "%s ?")
    ]


def titles(world: World) -> list[str]:
    found = Article.select().where(Article.tenant_id == world.north.id).order_by(Article.title.desc())
    return [article.title for article in found]


def test_independent_questions_leave_in_one_statement(world: World, articles: list[Article]) -> None:
    alone = [titles(world), tree.by_slug("south"), User.get_by_id(world.editor.id).email]
    with counted() as seen:
        together = db.abreast(
            lambda: titles(world),
            lambda: tree.by_slug("south"),
            lambda: User.get_by_id(world.editor.id).email,
        )
    assert together == alone and len(seen) == 1


def test_values_arrive_as_they_would_alone(world: World, articles: list[Article]) -> None:
    def every() -> list[dict[str, object]]:
        return list(Tenant.select().order_by(Tenant.id).dicts())

    def joined() -> list[tuple[object, ...]]:
        query = Article.select(Article.title, Article.created_at, Article.valid_from, User.name, User.active)
        return list(
            query.join(User, on=User.id == Article.author_id)
            .where(Article.tenant_id == world.north.id)
            .order_by(Article.id)
            .tuples()
        )

    def some() -> tuple[object, ...]:
        mine = Article.select().where(Article.tenant_id == world.north.id)
        counted_each = Article.select(Article.title, mine.select(peewee.fn.COUNT(Article.id)).alias("total"))
        totals = [row.total for row in counted_each.where(Article.tenant_id == world.north.id)]
        latest = mine.clone().select(peewee.fn.MAX(Article.created_at).alias("at"))
        none = Article.get_or_none(Article.tenant_id == 0)
        return mine.exists(), mine.count(), latest.scalar(), none, totals

    assert db.abreast(every, joined, some) == [every(), joined(), some()]


def test_steps_that_follow_each_other_meet_the_steps_of_others(world: World, articles: list[Article]) -> None:
    def long() -> str:
        first = Article.get(Article.tenant_id == world.north.id, Article.title == "Äpfel")
        return User.get_by_id(first.author_id).name

    def split() -> list[object]:
        return db.abreast(lambda: titles(world), lambda: tree.by_slug("south").name)

    with counted() as seen:
        found = db.abreast(long, long, split)
    assert (
        found == [world.editor.name, world.editor.name, [titles(world), world.south.name]] and len(seen) == 2
    )


def test_what_one_piece_raises_is_raised(world: World) -> None:
    with pytest.raises(NotFound):
        db.abreast(lambda: titles(world), lambda: tree.by_slug("nobody"))
    with pytest.raises(peewee.DatabaseError):
        db.abreast(lambda: db.database.execute_sql("SELECT nothing FROM nowhere"), lambda: titles(world))
    assert db.abreast() == [] and titles(world) == []


def test_nothing_is_changed_abreast(world: World, articles: list[Article]) -> None:
    def change() -> None:
        Article.update(title="x").where(Article.tenant_id == world.north.id).execute()

    with pytest.raises(RuntimeError, match="only reads"):
        db.abreast(change, lambda: titles(world))
    assert "x" not in titles(world)


def test_each_piece_keeps_to_its_own_bounds(world: World) -> None:
    from domain.subscribers.models import Subscriber
    from tests import mailings

    mailings.subscriber(world, "Anna")

    def people() -> int:
        return Subscriber.select().where(Subscriber.tenant_id == world.north.id).count()

    def outside() -> int:
        with bounds.lifted("the test compares"):
            return people()

    with bounds.within(bounds.Bound(world.north.id, (1,), (1,))):
        assert db.abreast(people, outside, people) == [0, 1, 0]


def test_questions_about_many_values_are_asked_abreast(world: World) -> None:
    suppression.add(world.north.id, "a@x.example", "asked")
    both = db.abreast(
        lambda: suppression.stopped(world.north.id, ["a@x.example", "b@x.example"]),
        lambda: suppression.stopped(world.north.id, ["b@x.example"]),
    )
    assert both == [{"a@x.example"}, set()]
