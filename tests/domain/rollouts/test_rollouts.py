"""Rollouts: what each branch gets of its own, what stays locked, and what the head office learns of them."""

from datetime import timedelta

import pytest

from dispatcher import clearance, rolling
from dispatcher.jobs import notices
from dispatcher.rendering import render
from domain import bounds, clock
from domain.accounts.models import User
from domain.audit.models import AuditEntry
from domain.campaigns import planning
from domain.campaigns.models import Campaign, CampaignStatus
from domain.content.models import Article
from domain.errors import Conflict, Invalid, NotFound
from domain.issues import assembly
from domain.issues.models import Block, BlockKind, Issue, IssueState
from domain.ledger import events
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState
from domain.notices.models import Notice, OutboxMail
from domain.rollouts import aliases, course, receiving, reminding, report
from domain.rollouts.models import BranchState, Rollout
from domain.subscribers import lists
from domain.subscribers.models import DistributionList
from domain.tenancy import territory
from domain.tenancy.models import Tenant
from mediadb import library, storage
from mediadb.models import Asset, Folder
from tests import mailings, pictures
from tests import world as worlds
from tests.world import World

BASE = mailings.BASE_URL


@pytest.fixture
def world(database: str, tmp_path) -> World:
    storage.configure(f"file://{tmp_path}/media")
    made = worlds.build()
    Tenant.update(parent_id=made.north.id).where(Tenant.id == made.south.id).execute()
    made.south = Tenant.get_by_id(made.south.id)
    return made


@pytest.fixture
def central(world: World) -> Issue:
    """Introduction and article locked, one text open, then a button locked."""
    issue = mailings.issue(world)
    text = assembly.add(issue, BlockKind.TEXT)
    assembly.edit(issue, text, {"html": "<p>Hier steht Ihr Ort.</p>"})
    button = assembly.add(issue, BlockKind.BUTTON)
    assembly.edit(issue, button, {"label": "Mehr", "url": "https://nord.example/"})
    return issue


def begun(world: World, central: Issue, obliged: bool = False, **values: object) -> Rollout:
    rollout = course.begin(world.north.id, central, world.editor)
    text = next(b for b in assembly.blocks(central) if b.kind == BlockKind.TEXT)
    values = {"name": "Sommerbrief", "send_at": None, "join_until": None, **values}
    course.prepare(
        rollout,
        world.north,
        {world.south.id: obliged},
        {str(text.id): {"folder": ""}},
        world.editor,
        **values,
    )
    return rollout


def opened(world: World, central: Issue, obliged: bool = False, **values: object) -> Rollout:
    rollout = begun(world, central, obliged, **values)
    rolling.open_up(rollout, world.north, world.editor, BASE)
    return course.get(world.north.id, rollout.id)


def joined(world: World, rollout: Rollout) -> Issue:
    (one,) = receiving.received(world.south)
    assert rolling.join(one, world.south, world.south_administrator)
    return assembly.get(world.south.id, one.branch.issue_id)


def kinds(issue: Issue) -> list[tuple[str, bool]]:
    return [(b.kind, b.locked) for b in assembly.blocks(issue)]


def test_an_invited_branch_joins_with_sender_type_and_mailing_of_its_own(
    world: World, central: Issue
) -> None:
    at = clock.now().replace(microsecond=0) + timedelta(days=3)
    rollout = opened(world, central, send_at=at)
    assert Issue.select().where(Issue.tenant_id == world.south.id).count() == 0, "it has not answered yet"
    issue = joined(world, rollout)
    campaign = planning.of_issue(issue)
    assert campaign and (campaign.tenant_id, campaign.sender_address) == (world.south.id, "post@sued.example")
    assert (issue.type_id, issue.rollout_id, campaign.rollout_id) == (
        world.types["south"].id,
        rollout.id,
        rollout.id,
    )
    assert (campaign.status, campaign.send_at) == (CampaignStatus.DRAFT, at)
    assert kinds(issue) == [("intro", True), ("article", True), ("text", False), ("button", True)]
    rendered = render.render(world.south, issue, BASE)
    assert "Leinebrücke" in rendered.source.html and "Südpost, Am Markt 2" in rendered.source.html
    assert rendered.source.sender_address == "post@sued.example"
    assert Article.select().where(Article.tenant_id == world.south.id).count() == 0, "linked, not copied"
    assert {e.tenant_id for e in AuditEntry.select().where(AuditEntry.act.startswith("rollout."))} == {
        world.north.id, world.south.id,
    }  # fmt: skip


def test_an_obliged_branch_has_its_issue_at_once_and_cannot_decline(world: World, central: Issue) -> None:
    opened(world, central, obliged=True)
    (one,) = receiving.received(world.south)
    assert one.branch.state == BranchState.JOINED and planning.get(world.south.id, one.branch.campaign_id)
    with pytest.raises(Conflict):
        receiving.decline(one, world.south_administrator, "nein")
    told = Notice.select().where(
        Notice.tenant_id == world.south.id, Notice.user_id == world.south_administrator.id
    )
    assert any("in your name" in notice.message for notice in told)


def test_a_branch_hears_once_that_the_time_to_answer_is_nearly_over(world: World, central: Issue) -> None:
    until = clock.now().replace(microsecond=0) + timedelta(days=5)
    rollout = opened(world, central, join_until=until)
    User.update(notice_mail="now").execute()
    assert reminding.remind() == 0, "five days are time enough"
    Rollout.update(
        join_until=clock.now() + timedelta(hours=20), opened_at=clock.now() - timedelta(days=4)
    ).where(Rollout.id == rollout.id).execute()
    assert reminding.remind() == 1 and reminding.remind() == 0
    notices.send_now()
    mail = OutboxMail.get(OutboxMail.kind == "rollout_deadline")
    assert mail.subject == "Your answer is missing: Sommerbrief"
    assert mail.to_address == world.south_administrator.email
    assert "Answer until: " in mail.plain and "/t/south/rollouts/from-above/" in mail.plain


def test_who_has_answered_or_was_told_a_moment_ago_is_not_reminded(world: World, central: Issue) -> None:
    rollout = opened(world, central, join_until=clock.now() + timedelta(hours=20))
    assert reminding.remind() == 0, "it was opened just now"
    (one,) = receiving.received(world.south)
    receiving.decline(one, world.south_administrator, "Keine Leute")
    Rollout.update(opened_at=clock.now() - timedelta(days=4)).where(Rollout.id == rollout.id).execute()
    assert reminding.remind() == 0


def test_invitation_and_answer_come_by_mails_of_their_own(world: World, central: Issue) -> None:
    User.update(notice_mail="now", language="de").execute()
    opened(world, central, note="Bitte bis Mai.", join_until=clock.now() + timedelta(days=3))
    notices.send_now()
    mail = OutboxMail.get(OutboxMail.to_address == world.south_administrator.email)
    assert mail.kind == "rollout_invited" and "Antwort bis: " in mail.plain and "Bitte bis Mai." in mail.plain
    assert "Vorgeschlagener Versand" not in mail.plain, "nobody proposed a time"
    (one,) = receiving.received(world.south)
    receiving.decline(one, world.south_administrator, "Keine Leute")
    notices.send_now()
    answer = OutboxMail.get(OutboxMail.to_address == world.editor.email)
    assert answer.kind == "rollout_answer" and "Bemerkung: Keine Leute" in answer.plain


def test_locked_blocks_stay_and_open_slots_are_filled(world: World, central: Issue) -> None:
    issue = joined(world, opened(world, central))
    intro, article, text, button = assembly.blocks(issue)
    for act in (
        lambda: assembly.edit(issue, intro, {"html": "<p>anders</p>"}),
        lambda: assembly.hide(issue, article, True),
        lambda: assembly.remove(issue, button),
        lambda: assembly.move(issue, button, -1),
        lambda: assembly.set_head(issue, subject="Anderer Betreff", preheader=issue.preheader),
    ):
        with pytest.raises(Conflict):
            act()
    assembly.edit(issue, text, {"html": "<p>Grüße aus Ulm.</p>"})
    own = assembly.add(issue, BlockKind.TEXT)
    assert [b.id for b in assembly.blocks(issue)] == [intro.id, article.id, text.id, own.id, button.id]
    with pytest.raises(Conflict):
        assembly.reorder(issue, [own.id, intro.id, article.id, text.id, button.id])
    assembly.reorder(issue, [intro.id, article.id, own.id, text.id, button.id])
    assert kinds(central) == [("intro", False), ("article", False), ("text", False), ("button", False)]


def test_a_new_version_reaches_locked_blocks_and_leaves_what_the_branch_wrote(
    world: World, central: Issue
) -> None:
    rollout = opened(world, central)
    issue = joined(world, rollout)
    _intro, _article, text, _button = assembly.blocks(issue)
    assembly.edit(issue, text, {"html": "<p>Grüße aus Ulm.</p>"})
    own = assembly.add(issue, BlockKind.TEXT)
    assembly.edit(issue, own, {"html": "<p>Eigenes.</p>"})
    central_intro, *_rest, central_button = assembly.blocks(central)
    assembly.edit(central, central_button, {"label": "Jetzt lesen", "url": "https://nord.example/neu"})
    assembly.set_head(central, subject="Neuer Betreff", preheader="")
    assembly.remove(central, central_intro)
    assembly.add(central, BlockKind.DIVIDER)
    assert rolling.renew(rollout, world.north, world.editor, BASE) == (1, 0)
    issue = assembly.get(world.south.id, issue.id)
    found = assembly.blocks(issue)
    assert [b.kind for b in found] == ["article", "text", "text", "button", "divider"]
    assert [b.data.get("html") for b in found[1:3]] == ["<p>Grüße aus Ulm.</p>", "<p>Eigenes.</p>"]
    assert found[3].data["label"] == "Jetzt lesen" and issue.subject == "Neuer Betreff"
    Issue.update(state=IssueState.APPROVED).where(Issue.id == issue.id).execute()
    assert rolling.renew(rollout, world.north, world.editor, BASE) == (0, 1)


def test_each_tenant_finds_its_own_list_by_the_same_word(world: World, central: Issue) -> None:
    members = lists.save(world.north.id, "Mitglieder", world.editor.id)
    campaign = mailings.draft(world, central)
    campaign.audience = {"lists": [members.id], "consents": ["proved"]}
    campaign.save()
    rollout = begun(world, central)
    with pytest.raises(Invalid, match="stand-in name"):
        rolling.open_up(rollout, world.north, world.editor, BASE)
    aliases.give(DistributionList, world.north.id, members.id, "mitglieder")
    rolling.open_up(rollout, world.north, world.editor, BASE)
    (one,) = receiving.received(world.south)
    assert not rolling.join(one, world.south, world.south_administrator)
    assert one.branch.missing == [["list", "mitglieder"]]
    assert Issue.select().where(Issue.tenant_id == world.south.id).count() == 0, (
        "nobody is written to by mistake"
    )
    own = lists.save(world.south.id, "Freunde", world.south_editor.id)
    aliases.give(DistributionList, world.south.id, own.id, "mitglieder")
    issue = joined(world, rollout)
    made = planning.of_issue(issue)
    assert made and made.audience["lists"] == [own.id]


def test_pictures_and_folders_are_found_by_their_word(world: World, central: Issue) -> None:
    head = library.upload(world.north.id, world.editor.id, "kopf.png", pictures.plain())
    block = assembly.add(central, BlockKind.PICTURE)
    assembly.edit(central, block, {"asset_id": head.id, "alt": "Kopf"})
    local = assembly.add(central, BlockKind.PICTURE)
    assembly.edit(central, local, {"asset_id": head.id, "alt": "Ort"})
    aliases.give(Asset, world.north.id, head.id, "kopf")
    rollout = begun(world, central)
    rollout.slots = {**rollout.slots, str(local.id): {"folder": "orte"}}
    rollout.save()
    folder = library.make_folder(world.south.id, "Orte")
    aliases.give(Folder, world.south.id, folder.id, "orte")
    place = library.upload(
        world.south.id, world.south_editor.id, "ulm.png", pictures.plain(40, 30), folder.id, alt="Ulm"
    )
    rolling.open_up(rollout, world.north, world.editor, BASE)
    issue = joined(world, rollout)
    first, second = [b.data for b in assembly.blocks(issue) if b.kind == BlockKind.PICTURE]
    assert library.get(world.south.id, first["asset_id"]).sha256 == head.sha256, "a copy of the head office's"
    assert (second["asset_id"], second["alt"]) == (place.id, "Ulm")


def test_the_report_joins_numbers_and_names_who_is_missing(world: World, central: Issue) -> None:
    other = Tenant.create(slug="west", name="Westpost", parent_id=world.north.id)
    rollout = course.begin(world.north.id, central, world.editor)
    course.prepare(
        rollout, world.north, {world.south.id: True, other.id: False}, {}, world.editor, name="Brief", send_at=None,
        join_until=None,
    )  # fmt: skip
    rolling.open_up(rollout, world.north, world.editor, BASE)
    (one,) = receiving.received(world.south)
    for number, state in enumerate((DeliveryState.SENT, DeliveryState.SENT, DeliveryState.FAILED), 1):
        row = Delivery.create(
            tenant_id=world.south.id, campaign_id=one.branch.campaign_id, subscriber_id=number, state=state,
            address_key=f"{number}@x.example", queued_at=clock.epoch(),
        )  # fmt: skip
    events.note(world.south.id, row.id, one.branch.campaign_id, "bounced")
    Campaign.update(status=CampaignStatus.FINISHED, started_at=clock.now()).where(
        Campaign.id == one.branch.campaign_id
    ).execute()
    found = report.of(rollout)
    assert (found.sums.sent, found.sums.total, found.sums.refused, found.sums.bounced) == (2, 3, 1, 1)
    assert [line.tenant.name for line in found.open_lines if line.tenant] == ["Westpost"]
    assert report.counts([rollout]) == {rollout.id: (1, 2)}


def test_called_off_nothing_more_goes_out(world: World, central: Issue) -> None:
    rollout = opened(world, central)
    issue = joined(world, rollout)
    assert course.call_off(rollout, world.editor) == 1
    campaign = planning.get(world.south.id, course.branches(rollout)[0].campaign_id)
    assert campaign.status == CampaignStatus.CANCELLED
    assert assembly.get(world.south.id, issue.id).state == IssueState.ARCHIVED
    with pytest.raises(Conflict):
        clearance.ask(world.south, assembly.get(world.south.id, issue.id), campaign, world.south_editor, BASE)
    with pytest.raises(Conflict):
        course.call_off(rollout, world.editor)
    again = course.begin(world.north.id, assembly.get(world.north.id, central.id), world.editor)
    assert course.call_off(again, world.editor) == 0, "one in preparation is only put away"


def test_only_tenants_below_take_part_and_only_while_it_is_open(world: World, central: Issue) -> None:
    stranger = Tenant.create(slug="stranger", name="Stranger")
    rollout = course.begin(world.north.id, central, world.editor)
    with pytest.raises(NotFound):
        course.prepare(
            rollout,
            world.north,
            {stranger.id: True},
            {},
            world.editor,
            name="Brief",
            send_at=None,
            join_until=None,
        )
    with pytest.raises(Conflict):
        course.begin(world.north.id, assembly.get(world.north.id, central.id), world.editor)
    soon = clock.now() + timedelta(days=1)
    course.prepare(
        rollout,
        world.north,
        {world.south.id: False},
        {},
        world.editor,
        name="Brief",
        send_at=None,
        join_until=soon,
    )
    assert receiving.received(world.south) == [], "nobody hears of a rollout in preparation"
    rolling.open_up(rollout, world.north, world.editor, BASE)
    Rollout.update(join_until=clock.now()).execute()
    (one,) = receiving.received(world.south)
    with pytest.raises(Conflict):
        rolling.join(one, world.south, world.south_administrator)
    assert receiving.received(stranger) == []
    with pytest.raises(NotFound):
        receiving.receive(stranger, one.branch.id)


def test_two_clicks_make_one_issue(world: World, central: Issue) -> None:
    opened(world, central)
    (first,), (second,) = receiving.received(world.south), receiving.received(world.south)
    assert rolling.join(first, world.south, world.south_administrator)
    with pytest.raises(Conflict):
        rolling.join(second, world.south, world.south_administrator)
    assert Issue.select().where(Issue.tenant_id == world.south.id).count() == 1
    assert Block.select().where(Block.tenant_id == world.south.id).count() == 4


def test_territories_of_the_head_office_do_not_narrow_the_branches(world: World, central: Issue) -> None:
    node = territory.create(world.north.id, "Kreis Nord", None, world.administrator.id)
    with bounds.within(territory.bound(world.north.id, [node.id], world.editor.id)):
        opened(world, central, obliged=True)
    (one,) = receiving.received(world.south)
    assert planning.get(world.south.id, one.branch.campaign_id).territory_ids == []
