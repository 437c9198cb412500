"""Releases: who can use what, from whom, until when; nothing is passed on, and a recall holds at once."""

from datetime import timedelta

import pytest

from dispatcher import clearance
from dispatcher.jobs import copies
from domain import clock
from domain.accounts import policy
from domain.campaigns import audience
from domain.content.models import Article, ArticleState
from domain.errors import Conflict, Invalid, NotFound
from domain.issues import assembly
from domain.issues.models import Issue
from domain.ledger.states import LeftOut
from domain.releases import ledger
from domain.releases.ledger import To
from domain.releases.models import Release
from domain.subscribers import suppression
from domain.subscribers.models import NewsletterType
from domain.tenancy.models import Tenant
from mediadb import library
from tests import mailings, pictures
from tests import world as worlds
from tests.world import World


@pytest.fixture
def world(database: str, tmp_path) -> World:
    from mediadb import storage

    storage.configure(f"file://{tmp_path}/media")
    made = worlds.build()
    made.south.parent_id = made.north.id
    made.south.save()
    return made


@pytest.fixture
def article(world: World) -> Article:
    picture = library.upload(world.north.id, world.editor.id, "a.png", pictures.plain())
    return mailings.article(world, asset_id=picture.id, asset_alt="Ein Bild")


def issue_of_south(world: World) -> Issue:
    return assembly.create(world.south.id, world.types["south"].id, world.south_editor.id)


def give(world: World, article: Article, **more: object) -> Release:
    to = To((world.south.id,))
    return ledger.give(world.north, "article", article.id, to, world.administrator, **more)[0]


def test_a_released_article_is_linked_and_follows_its_original(world: World, article: Article) -> None:
    issue = issue_of_south(world)
    with pytest.raises(NotFound):
        assembly.add_article(issue, article.id)
    give(world, article)
    block = assembly.add_article(issue, article.id)
    assert block.source_tenant_id == world.north.id
    Article.update(title="Neuer Titel").where(Article.id == article.id).execute()
    assert assembly.articles_of(issue, [block])[article.id].title == "Neuer Titel"


def test_a_recalled_article_is_gone_at_once_and_blocks_the_approval(world: World, article: Article) -> None:
    issue, release = issue_of_south(world), give(world, article)
    block = assembly.add_article(issue, article.id)
    ledger.recall(world.north.id, release.id, world.administrator)
    assert assembly.articles_of(issue, [block]) == {}
    findings, _size = clearance.preflight(world.south, issue, mailings.BASE_URL)
    assert any("recalled" in f.message for f in findings if f.error)
    with pytest.raises(NotFound):
        ledger.recall(world.north.id, release.id, world.administrator)


def test_a_release_ends_by_itself(world: World, article: Article) -> None:
    with pytest.raises(Invalid):
        give(world, article, until=clock.now() - timedelta(days=1))
    release = give(world, article, until=clock.now() + timedelta(days=1))
    assert ledger.received(world.south) == [release]
    Release.update(until=clock.now()).execute()
    assert ledger.received(world.south) == []


def test_nothing_is_passed_on(world: World, article: Article) -> None:
    branch = Tenant.create(slug="branch", name="Branch", parent_id=world.south.id)
    give(world, article)
    assert ledger.received(branch) == [], "a release to a tenant is none to those below it"
    assert article.id not in {a.id for a in Article.select().where(Article.tenant_id == world.south.id)}
    with pytest.raises(Conflict):
        give(world, article)


def test_a_release_to_a_subtree_reaches_later_branches_too(world: World, article: Article) -> None:
    to = To((world.south.id,), with_subtree=True)
    ledger.give(world.north, "article", article.id, to, world.administrator)
    later = Tenant.create(slug="later", name="Later", parent_id=world.south.id)
    assert [r.object_id for r in ledger.received(later)] == [article.id]
    stranger = Tenant.create(slug="stranger", name="Stranger")
    assert ledger.received(stranger) == []
    with pytest.raises(NotFound):
        ledger.give(world.north, "article", article.id, To((stranger.id,)), world.administrator)


def test_a_copy_stays_when_the_release_is_recalled(world: World, article: Article) -> None:
    release = give(world, article)
    rights = policy.rights_of(world.south_editor, world.south.id)
    copy_id = copies.copy(release, world.south, world.south_editor, rights)
    ledger.recall(world.north.id, release.id, world.administrator)
    copy = Article.get(Article.tenant_id == world.south.id, Article.id == copy_id)
    assert (copy.origin_tenant_id, copy.origin_id) == (world.north.id, article.id)
    assert copy.state == ArticleState.ACCEPTED
    assert (
        library.get(world.south.id, copy.asset_id).sha256
        == library.get(world.north.id, article.asset_id).sha256
    )


def test_a_whole_issue_is_copied_with_articles_and_pictures(world: World, article: Article) -> None:
    source = mailings.issue(world)
    assembly.add_article(source, article.id)
    (release,) = ledger.give(world.north, "issue", source.id, To((world.south.id,)), world.administrator)
    rights = policy.rights_of(world.south_editor, world.south.id)
    made = assembly.get(world.south.id, copies.copy(release, world.south, world.south_editor, rights))
    blocks = assembly.blocks(made)
    articles = assembly.articles_of(made, blocks)
    assert [b.kind for b in blocks] == [b.kind for b in assembly.blocks(source)]
    assert {a.tenant_id for a in articles.values()} == {world.south.id} and len(articles) == 2
    assert made.subject == source.subject and made.type_id == world.types["south"].id
    assert NewsletterType.get_by_id(made.type_id).tenant_id == world.south.id


def test_a_role_is_copied_only_by_who_holds_its_rights(world: World) -> None:
    from domain.errors import Forbidden

    role = policy.create_role(world.north.id, "Chef vom Dienst", world.administrator)
    everything = policy.rights_of(world.administrator, world.north.id)
    policy.set_permissions(role, everything.permissions, world.administrator, everything, world.north.id)
    (release,) = ledger.give(world.north, "role", role.id, To((world.south.id,)), world.administrator)
    rights = policy.rights_of(world.south_editor, world.south.id)
    with pytest.raises(Forbidden):
        copies.copy(release, world.south, world.south_editor, rights)
    assert "Chef vom Dienst" not in {r.name for r in policy.roles_for(world.south.id)}


def test_the_head_offices_robinson_list_holds_where_it_is_released(world: World) -> None:
    mailings.everybody(world)
    draft = mailings.draft(world, mailings.issue(world))
    before, _left_out = audience.numbers(draft)
    head = Tenant.create(slug="head", name="Head")
    world.north.parent_id = head.id
    world.north.save()
    suppression.add(head.id, "ANNA@leser.example", "by letter")
    assert audience.numbers(draft)[0] == before
    to = To((world.north.id,))
    (release,) = ledger.give(head, "robinson", ledger.WHOLE, to, world.administrator)
    count, left_out = audience.numbers(draft)
    assert count == before - 1 and left_out[LeftOut.SUPPRESSED] == 2
    assert suppression.entry(world.north.id, "anna@leser.example") is None, "nobody here sees it"
    ledger.recall(head.id, release.id, world.administrator)
    assert audience.numbers(draft)[0] == before
