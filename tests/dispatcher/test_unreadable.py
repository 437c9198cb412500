"""A segment whose question has lost a field asks for nobody rather than for everybody, and whoever needs it is told."""

import pytest

from dispatcher import clearance
from dispatcher.preflight import run
from domain.campaigns import audience, conditions, snapshot
from domain.errors import Conflict, Invalid
from domain.issues import assembly
from domain.issues.models import Issue, IssueRevision
from domain.ledger.models import Delivery
from domain.segments import compile, saved
from domain.subscribers.facets import fields
from domain.subscribers.facets.models import OwnField
from mediadb import storage
from tests import mailings
from tests import world as worlds


@pytest.fixture
def world(database, tmp_path):
    storage.configure(f"file://{tmp_path / 'media'}")
    return worlds.build()


@pytest.fixture
def campaign(world):
    mailings.everybody(world)
    return mailings.draft(world, mailings.issue(world))


@pytest.fixture
def lost(world, campaign):
    """A segment whose only condition has lost its field."""
    field = fields.save(world.north.id, {"name": "Beruf"}, world.editor.id)
    tree = {"match": "all", "rules": [{"field": f"own:{field.id}", "op": "is", "value": ["Tischler"]}]}
    made = saved.save(world.north.id, "Tischler", tree, [], world.editor.id)
    OwnField.delete().where(OwnField.tenant_id == world.north.id, OwnField.id == field.id).execute()
    return made


def outer(world, inner):
    tree = {"match": "none", "rules": [{"field": "segment", "op": "is", "value": [str(inner.id)]}]}
    return saved.save(world.north.id, "Alle anderen", tree, [], world.editor.id)


def test_it_cannot_be_asked_nor_what_stands_on_it(world, lost):
    for segment in (lost, outer(world, lost)):
        with pytest.raises(compile.Unreadable, match="gone"):
            compile.of_segment(segment, compile.Moment(world.north.id))


@pytest.mark.parametrize("key", ["segment", "exclude"])
def test_nobody_gets_a_mailing_that_names_it(world, campaign, lost, key):
    campaign.audience = {key: lost.id}
    campaign.save()
    assert audience.numbers(campaign)[0] == 0
    findings = run.look(world.north, Issue.get_by_id(campaign.issue_id), mailings.BASE_URL, campaign)[0]
    assert any(f.error and f.message == compile.UNREADABLE for f in findings)
    campaign.revision_id = IssueRevision.create(
        tenant_id=campaign.tenant_id, issue_id=campaign.issue_id, number=1, fingerprint="f", subject="", preheader="",
        html="", plain="", compiled=b"", placeholders=["Vorname"], size_bytes=0,
    ).id  # fmt: skip
    with pytest.raises(Conflict, match="gone"):
        snapshot.fill(campaign)
    assert not Delivery.select().where(Delivery.campaign_id == campaign.id).count()


def test_a_block_only_for_it_refuses_approval_and_is_shown_to_nobody(world, campaign, lost):
    issue = Issue.get_by_id(campaign.issue_id)
    assembly.only_for(issue, assembly.blocks(issue)[0], lost.id)
    assert conditions.of_person(world.north.id, 1, [f"?{lost.id}"]) == {}
    with pytest.raises(Invalid, match="gone"):
        clearance.ask(world.north, issue, campaign, world.editor, mailings.BASE_URL)
