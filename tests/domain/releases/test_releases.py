"""Releases: who can use what, from whom, until when; nothing is passed on, and a recall holds at once."""

from datetime import timedelta

import pytest

from dispatcher import clearance
from dispatcher.jobs import copies
from domain import clock
from domain.accounts import people, policy, rolebook, rolemaking
from domain.accounts.permissions import Permission as P
from domain.campaigns import audience, planning
from domain.content.models import Article, ArticleState
from domain.errors import Conflict, Forbidden, Invalid, NotFound
from domain.issues import assembly
from domain.issues.models import BlockKind, Issue
from domain.ledger.states import LeftOut
from domain.releases import ledger, lending
from domain.releases.ledger import To
from domain.releases.models import Release, ReleaseMode
from domain.segments import saved
from domain.subscribers import suppression
from domain.subscribers.models import DistributionList, NewsletterType
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
    role = rolemaking.create_role(world.north.id, "Chef vom Dienst", world.administrator)
    everything = policy.rights_of(world.administrator, world.north.id)
    rolemaking.set_permissions(role, everything.permissions, world.administrator, everything, world.north.id)
    (release,) = ledger.give(world.north, "role", role.id, To((world.south.id,)), world.administrator)
    rights = policy.rights_of(world.south_editor, world.south.id)
    with pytest.raises(Forbidden):
        copies.copy(release, world.south, world.south_editor, rights)
    assert "Chef vom Dienst" not in {r.name for r in rolebook.roles_for(world.south.id)}


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


def test_a_lent_person_works_there_until_the_release_is_recalled(world: World) -> None:
    to = To((world.south.id,))
    (release,) = ledger.give(world.north, "user", world.editor.id, to, world.administrator)
    assert not policy.rights_of(world.editor, world.south.id).permissions, "the receiver gives the role"
    role = world.roles["journalist"]
    rights = policy.rights_of(world.south_administrator, world.south.id)
    lending.employ(release, world.south, role.id, world.south_administrator, rights)
    assert policy.rights_of(world.editor, world.south.id).role_ids == (role.id,)
    both = [role.id, world.roles["editor"].id]
    people.set_roles(world.south.id, world.editor, both, world.south_administrator, rights)
    ledger.recall(world.north.id, release.id, world.administrator)
    assert not policy.rights_of(world.editor, world.south.id).role_ids, (
        "also roles given later end with the loan"
    )
    assert policy.rights_of(world.editor, world.north.id).permissions


def test_a_loan_with_an_end_cannot_be_made_longer(world: World) -> None:
    until = (clock.now() + timedelta(days=3)).replace(microsecond=0)
    (release,) = ledger.give(
        world.north, "user", world.editor.id, To((world.south.id,)), world.administrator, until
    )
    admin, role = world.south_administrator, world.roles["journalist"]
    rights = policy.rights_of(admin, world.south.id)
    lending.employ(release, world.south, role.id, admin, rights)
    people.set_roles(world.south.id, world.editor, [role.id], admin, rights, None)
    assert people.member(world.south.id, world.editor.id).until == until
    people.deactivate(world.south.id, world.editor, admin, rights)
    people.reactivate(world.south.id, world.editor, admin, rights)
    assert people.member(world.south.id, world.editor.id).until == until
    with pytest.raises(Forbidden):
        small = policy.rights_of(world.south_editor, world.south.id)
        people.set_roles(world.south.id, world.editor, [world.roles["administrator"].id], admin, small)


def test_a_mailing_is_copied_with_its_plan_in_own_lists(world: World) -> None:
    source = mailings.issue(world)
    campaign = mailings.draft(world, source)
    theirs = DistributionList.create(tenant_id=world.north.id, name="Mitglieder", alias="mitglieder")
    campaign.audience = {"lists": [theirs.id], "consents": ["proved"]}
    campaign.priority = 1
    campaign.save()
    to = To((world.south.id,))
    (release,) = ledger.give(world.north, "campaign", campaign.id, to, world.administrator)
    rights = policy.rights_of(world.south_editor, world.south.id)
    with pytest.raises(Conflict, match="Mitglieder"):
        copies.copy(release, world.south, world.south_editor, rights)
    assert Issue.select().where(Issue.tenant_id == world.south.id).count() == 0
    ours = DistributionList.create(tenant_id=world.south.id, name="Freunde", alias="mitglieder")
    issue = assembly.get(world.south.id, copies.copy(release, world.south, world.south_editor, rights))
    made = planning.of_issue(issue)
    assert made and (made.audience["lists"], made.priority, made.status) == ([ours.id], 1, "draft")
    assert made.sender_address == "post@sued.example"


def test_an_issue_is_copied_into_another_own_tenant_with_pictures_of_its_own(
    world: World, article: Article
) -> None:
    inside = library.upload(world.north.id, world.editor.id, "b.png", pictures.plain(50, 40))
    source = mailings.issue(world)
    assembly.add_article(source, article.id)
    text = assembly.add(source, BlockKind.TEXT)
    assembly.edit(source, text, {"html": f'<p><img src="/media/{inside.public_key}/mail600" alt="x"></p>'})
    made = copies.issue_into(source, world.south, world.south_editor)
    blocks = assembly.blocks(made)
    articles = assembly.articles_of(made, blocks)
    assert {a.tenant_id for a in articles.values()} == {world.south.id}
    html = next(b.data["html"] for b in blocks if b.kind == BlockKind.TEXT)
    assert inside.public_key not in html and "/media/" in html
    again = copies.issue_into(source, world.south, world.south_editor)
    assert set(assembly.articles_of(again, assembly.blocks(again))) == set(articles), (
        "no second copy of an article"
    )
    home = copies.issue_into(made, world.north, world.editor)
    assert home.tenant_id == world.north.id


def test_a_segment_is_copied_in_the_words_of_the_receiver(world: World) -> None:
    theirs = DistributionList.create(tenant_id=world.north.id, name="Mitglieder")
    question = {"match": "all", "rules": [{"field": "list", "op": "is", "value": [str(theirs.id)]}]}
    segment = saved.save(world.north.id, "Mitglieder", question, [], world.editor.id)
    (release,) = ledger.give(world.north, "segment", segment.id, To((world.south.id,)), world.administrator)
    rights = policy.rights_of(world.south_editor, world.south.id)
    with pytest.raises(Conflict, match="Mitglieder"):
        copies.copy(release, world.south, world.south_editor, rights)
    ours = DistributionList.create(tenant_id=world.south.id, name="Mitglieder")
    made = saved.get(world.south.id, copies.copy(release, world.south, world.south_editor, rights))
    assert made.query["rules"][0]["value"] == [str(ours.id)]


def test_administer_is_only_for_what_can_be_administered(world: World, article: Article) -> None:
    to = To((world.south.id,))
    with pytest.raises(Invalid):
        ledger.give(world.north, "role", 1, to, world.administrator, mode=ReleaseMode.ADMINISTER)
    give(world, article)
    (more,) = ledger.give(
        world.north, "article", article.id, to, world.administrator, mode=ReleaseMode.ADMINISTER
    )
    assert [r.mode for r in ledger.received(world.south)] == [ReleaseMode.ADMINISTER]
    ledger.recall(world.north.id, more.id, world.administrator)
    assert [r.mode for r in ledger.received(world.south)] == [ReleaseMode.USE]


def test_a_lent_role_is_held_here_and_follows_its_owner(world: World) -> None:
    everything = policy.rights_of(world.administrator, world.north.id)
    role = rolemaking.create_role(world.north.id, "Chef vom Dienst", world.administrator)
    rolemaking.set_permissions(
        role, frozenset({P.ARTICLE_SEE}), world.administrator, everything, world.north.id
    )
    admin = world.south_administrator
    rights = policy.rights_of(admin, world.south.id)
    with pytest.raises(NotFound):
        people.set_roles(world.south.id, world.south_editor, [role.id], admin, rights)
    (release,) = ledger.give(world.north, "role", role.id, To((world.south.id,)), world.administrator)
    loans = lending.role_loans(ledger.received(world.south))
    own = world.roles["editor"].id
    people.set_roles(world.south.id, world.south_editor, [own, role.id], admin, rights, lent=loans)
    assert role.id in policy.rights_of(world.south_editor, world.south.id).role_ids
    ledger.recall(world.north.id, release.id, world.administrator)
    assert policy.rights_of(world.south_editor, world.south.id).role_ids == (own,)
