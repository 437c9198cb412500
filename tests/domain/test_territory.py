"""Territory: whoever is bound to a node reaches only the people there and below, by any way through the domain."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import bounds
from domain.accounts import people, policy
from domain.accounts.models import Membership
from domain.campaigns import audience, followups, planning, received, reports, snapshot
from domain.campaigns.models import Campaign
from domain.db import database as db
from domain.errors import Conflict, Forbidden, Invalid, NotFound
from domain.issues.models import IssueRevision
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState, LeftOut
from domain.segments import compile, saved
from domain.segments import people as matches
from domain.segments.models import SegmentMember
from domain.subscribers import directory, finding, imports, lists, organisations, places, rules, suppression
from domain.subscribers.imports import Options
from domain.subscribers.models import ImportJob, ImportReject, Organisation, Subscriber
from domain.tenancy import territory
from tests import mailings
from tests.matrix import twins
from tests.world import World

NOT_NARROWED = {  # tables that name a person otherwise: what is told of them is asked where it is told
    "excluded_address": "addresses of a file that says to whom not; nobody is shown by it",
    "trial_person": "made-up people for previews",
    "own_value": "values of unique fields, asked only whether somebody has them",
    "suppression": "must hold for everybody; domain.subscribers.suppression shows the visible ones",
    "suppression_event": "the same",
}


class Places:
    """Bund › Nord, Süd; Nord › Küste. Anna lives in Nord, Bert at the coast, Cleo in the south, Dora nowhere."""

    def __init__(self, world: World) -> None:
        self.world, self.tenant_id = world, world.north.id
        by = world.administrator.id
        self.bund = territory.create(self.tenant_id, "Bund", None, by).id
        self.north = territory.create(self.tenant_id, "Nord", self.bund, by).id
        self.south = territory.create(self.tenant_id, "Süd", self.bund, by).id
        self.coast = territory.create(self.tenant_id, "Küste", self.north, by).id
        firm = Organisation.create(tenant_id=self.tenant_id, name="Hafen AG", folded="hafen ag")
        self.people = {
            name: mailings.subscriber(world, name, territory_id=node, organisation_id=firm.id)
            for name, node in (
                ("Anna", self.north),
                ("Bert", self.coast),
                ("Cleo", self.south),
                ("Dora", None),
            )
        }
        self.firm = firm

    def bound(self, node_id: int | None = None) -> bounds.Bound | None:
        return territory.bound(self.tenant_id, [node_id or self.north], self.world.sender.id)


@pytest.fixture
def here(world: World) -> Places:
    return Places(world)


@pytest.fixture
def in_the_north(here: Places) -> Iterator[Places]:
    with bounds.within(here.bound()):
        yield here


def names(found: object) -> list[str]:
    return sorted(person.first_name for person in found)  # type: ignore[attr-defined]


def test_lists_searches_and_counts_hold_only_people_there_and_below(in_the_north: Places) -> None:
    tenant_id = in_the_north.tenant_id
    page = finding.find(tenant_id, finding.Query())
    assert (names(page.people), page.total) == (["Anna", "Bert"], 2)
    assert finding.find(tenant_id, finding.Query(text="cleo")).people == []
    everybody = lists.default(tenant_id)
    assert lists.size(everybody, 10) == 2 and lists.counts(tenant_id, 10)[everybody.id] == 2
    assert names(finding.find(tenant_id, finding.Query(list_id=everybody.id)).people) == ["Anna", "Bert"]
    at_the_coast = finding.find(tenant_id, finding.Query(territory_id=in_the_north.coast))
    assert names(at_the_coast.people) == ["Bert"]
    assert names(organisations.contacts(in_the_north.firm).rows) == ["Anna", "Bert"]
    assert organisations.contact_counts(tenant_id, [in_the_north.firm.id]) == {in_the_north.firm.id: 2}
    assert places.count(tenant_id, in_the_north.south, 10) == 0


def test_somebody_elsewhere_looks_like_nobody(in_the_north: Places) -> None:
    for person in ("Cleo", "Dora"):
        with pytest.raises(NotFound):
            directory.get(in_the_north.tenant_id, in_the_north.people[person].id)
        assert directory.by_key(in_the_north.tenant_id, f"{person}@leser.example".lower()) is None
    with pytest.raises(NotFound):
        territory.get(in_the_north.tenant_id, in_the_north.south)


def test_changes_reach_nobody_elsewhere(in_the_north: Places) -> None:
    mine = Subscriber.tenant_id == in_the_north.tenant_id
    assert Subscriber.update(city="Kiel").where(mine).execute() == 2
    assert Subscriber.delete().where(mine, Subscriber.first_name == "Cleo").execute() == 0
    in_the_north.people["Cleo"].city = "Kiel"
    with pytest.raises(Forbidden):
        in_the_north.people["Cleo"].save()
    anna = directory.get(in_the_north.tenant_id, in_the_north.people["Anna"].id)
    with pytest.raises(NotFound):
        directory.change(anna, {"territory_id": in_the_north.south}, 1)
    with bounds.lifted("to look"):
        assert Subscriber.select().where(mine, Subscriber.city == "Kiel").count() == 2


def test_new_people_belong_to_the_territory_of_whoever_makes_them(in_the_north: Places) -> None:
    made = directory.create(in_the_north.tenant_id, {"address": "eva@leser.example"})
    assert made.territory_id == in_the_north.north


def test_segments_of_others_hold_within_the_territory_live_and_frozen(here: Places) -> None:
    tenant_id, owner = here.tenant_id, here.world.subscriber_manager.id
    tree = {"match": "all", "rules": [{"field": "person:has_address", "op": "yes", "value": []}]}
    live = saved.save(tenant_id, "Alle", tree, ["person:address"], owner)
    frozen = saved.save(tenant_id, "Damals", tree, ["person:address"], owner)
    assert saved.freeze(frozen, compile.Moment(tenant_id), owner) == 4
    with bounds.within(here.bound()):
        for segment in (live, frozen):
            made = compile.of_segment(segment, compile.Moment(tenant_id))
            assert matches.count(tenant_id, made) == matches.numbers(tenant_id, made).people == 2
            assert names(matches.page(tenant_id, made).people) == ["Anna", "Bert"]
            exported = matches.rows(tenant_id, made, ["person:first_name"])
            assert sorted(row[0] for row in exported) == ["Anna", "Bert"]
        with pytest.raises(Forbidden):
            saved.thaw(frozen, here.world.sender.id)
        own = saved.save(tenant_id, "Meine", tree, ["person:address"], here.world.sender.id)
        assert saved.freeze(own, compile.Moment(tenant_id), here.world.sender.id) == 2
    assert SegmentMember.select().where(SegmentMember.segment_id == own.id).count() == 2


def test_a_segment_asks_for_a_territory_and_what_stands_below(here: Places) -> None:
    def asked(op: str, node: int) -> int:
        rule = {"field": "person:territory", "op": op, "value": [str(node)]}
        segment = saved.save(
            here.tenant_id, f"{op} {node}", {"match": "all", "rules": [rule]}, ["person:address"], 1
        )
        return matches.count(here.tenant_id, compile.of_segment(segment, compile.Moment(here.tenant_id)))

    assert (asked("is", here.north), asked("is", here.coast), asked("is_not", here.north)) == (2, 1, 2)
    with bounds.within(here.bound(here.coast)):
        assert asked("is", here.bund) == 1


def test_a_mailing_made_by_somebody_bound_is_held_to_the_territory_whoever_sends_it(here: Places) -> None:
    made = mailings.issue(here.world)
    with bounds.within(here.bound()):
        campaign = mailings.draft(here.world, made)
        assert audience.numbers(campaign) == (2, {})
    assert audience.numbers(campaign) == (2, {LeftOut.TERRITORY: 2})
    revision = IssueRevision.create(
        tenant_id=here.tenant_id, issue_id=made.id, number=1, fingerprint="", subject="", preheader="", html="",
        plain="", compiled=b"", created_by_id=1, size_bytes=0,
    )  # fmt: skip
    Campaign.update(revision_id=revision.id).where(Campaign.id == campaign.id).execute()
    campaign = planning.get(here.tenant_id, campaign.id)
    assert snapshot.fill(campaign) == 4
    rows = dict(Delivery.select(Delivery.subscriber_id, Delivery.reason).tuples())
    assert {name: rows[p.id] for name, p in here.people.items()} == {
        "Anna": None, "Bert": None, "Cleo": LeftOut.TERRITORY, "Dora": LeftOut.TERRITORY,
    }  # fmt: skip
    with bounds.within(here.bound(here.coast)):
        assert [row.name.split()[0] for row in reports.recipients(campaign)[0]] == ["Bert"]
        assert reports.progress(campaign).counts == {DeliveryState.QUEUED: 1}
        assert len(received.by_organisation(here.tenant_id, here.firm.id)[0].contacts) == 1


def test_a_mailing_beyond_the_territory_is_for_others_to_steer(here: Places) -> None:
    campaign = mailings.draft(here.world, mailings.issue(here.world))
    with bounds.within(here.bound()):
        with pytest.raises(Forbidden):
            planning.plan(campaign, {"consents": []})
        with pytest.raises(Forbidden):
            planning.ask(campaign, None, 1, "x", 1)  # type: ignore[arg-type]
        assert followups._missing(campaign, 1).territory_ids == [here.north]
    held = Campaign(**{**campaign.__data__, "territory_ids": [here.coast]})
    with bounds.within(here.bound()):
        planning.check_territory(held)
        assert followups._missing(held, 1).territory_ids == [here.coast]
    assert planning.definition(held) != planning.definition(campaign)


def test_imports_know_territories_and_are_held_to_that_of_whoever_brings_the_file(
    here: Places, tmp_path: Path
) -> None:
    (tmp_path / "imports").mkdir()
    path = tmp_path / "imports" / "a.csv"
    path.write_text(
        "E-Mail;Gebiet\neva@leser.example;Nord / Küste\nfinn@leser.example;\ngerd@leser.example;Süd\n"
        "cleo@leser.example;Nord\nanna@leser.example;küste\n"
    )
    by = here.world.sender.id
    with bounds.within(here.bound()):
        job = imports.receive(here.tenant_id, "a.csv", path, tmp_path, by)
        assert job.mapping == {"0": "address", "1": "territory"}
        imports.plan(job, {0: "address", 1: "territory"}, Options(existing="overwrite"))
        imports.start(job, by)
    taken = imports.claim(job.id)
    assert taken is not None
    imports.run(taken, tmp_path)
    found = dict(Subscriber.select(Subscriber.address, Subscriber.territory_id).tuples())
    assert (found["eva@leser.example"], found["finn@leser.example"]) == (here.coast, here.north)
    assert found["anna@leser.example"] == here.coast and found["cleo@leser.example"] == here.south
    assert "gerd@leser.example" not in found
    assert [reject.row for reject in ImportReject.select().order_by(ImportReject.row)] == [4, 5]
    with bounds.within(territory.bound(here.tenant_id, [here.north], by + 1)):  # files of others hold anybody
        assert ImportReject.select().where(ImportReject.tenant_id == here.tenant_id).count() == 0
        with pytest.raises(NotFound):
            imports.get(here.tenant_id, job.id)


def test_what_reaches_everybody_is_refused(in_the_north: Places) -> None:
    tenant_id, by = in_the_north.tenant_id, in_the_north.world.sender.id
    other = lists.save(tenant_id, "Andere", by)
    with pytest.raises(Forbidden):
        lists.delete(other, lists.default(tenant_id), by)
    with pytest.raises(Forbidden):
        organisations.lock(in_the_north.firm, "Streit", None, by)
    with pytest.raises(Forbidden):
        suppression.add_rule(tenant_id, rules.read("leser.example"), "weil", by)


def test_the_suppression_list_shows_own_people_and_own_entries(here: Places) -> None:
    for name in ("anna", "cleo"):
        suppression.add(here.tenant_id, f"{name}@leser.example", "wünscht es", here.world.administrator.id)
    with bounds.within(here.bound()):
        suppression.add(here.tenant_id, "fremd@leser.example", "Anruf", here.world.sender.id)
        shown = {row.address_key for row in suppression.entries(here.tenant_id).rows}
        told = {row.shown for row in suppression.events(here.tenant_id, False).rows}
        assert shown == told == {"anna@leser.example", "fremd@leser.example"}
        assert suppression.is_suppressed(here.tenant_id, "cleo@leser.example")


def test_access_is_given_within_the_own_territory_only(here: Places) -> None:
    world, tenant_id = here.world, here.tenant_id
    admin, rights = world.administrator, policy.rights_of(world.administrator, here.tenant_id)
    role = world.roles["sender"].id
    people.set_roles(tenant_id, world.sender, [role], admin, rights, None, here.north)
    assert policy.rights_of(world.sender, tenant_id).territory == (here.north,)
    with bounds.within(here.bound()):
        for node in (None, here.bund, here.south):
            with pytest.raises((Forbidden, NotFound)):
                people.invite(tenant_id, "neu@x.example", "Neu", [role], admin, rights, None, node)
        with pytest.raises(Forbidden):
            people.deactivate(tenant_id, world.editor, admin, rights)
        user, _made = people.invite(
            tenant_id, "neu@x.example", "Neu", [role], admin, rights, None, here.coast
        )
    assert Membership.get(Membership.user == user).territory_id == here.coast


def test_one_bound_role_binds_the_person_and_a_node_that_is_gone_leaves_nobody(here: Places) -> None:
    Membership.create(
        tenant_id=here.tenant_id,
        user=here.world.sender,
        role=here.world.roles["editor"],
        territory_id=here.coast,
    )
    found = policy.rights_of(here.world.sender, here.tenant_id).territory
    assert found == (here.coast,)
    with bounds.within(territory.bound(here.tenant_id, [999_999])):
        assert finding.find(here.tenant_id, finding.Query()).people == []


def test_the_tree_takes_no_ring_no_twin_and_loses_nobody(here: Places) -> None:
    tenant_id, by = here.tenant_id, here.world.administrator.id
    with pytest.raises(Conflict):
        territory.move(tenant_id, here.bund, here.coast, by)
    with pytest.raises(Invalid):
        territory.create(tenant_id, " nord ", here.bund, by)
    for node in (here.bund, here.coast):
        with pytest.raises(Conflict):
            places.delete(tenant_id, node, by)
    territory.move(tenant_id, here.coast, here.south, by)
    assert territory.paths(tenant_id)[here.coast] == "Bund › Süd › Küste"
    with bounds.within(here.bound()):
        assert names(finding.find(tenant_id, finding.Query()).people) == ["Anna"]
        with pytest.raises(Forbidden):
            territory.rename(tenant_id, here.north, "Norden", by)
    empty = territory.create(tenant_id, "Leer", None, by).id
    places.delete(tenant_id, empty, by)
    with pytest.raises(NotFound):
        territory.get(tenant_id, empty)
    with pytest.raises(NotFound):
        territory.get(here.world.south.id, here.north)


def test_every_table_that_names_a_person_is_narrowed(database: str) -> None:
    def names_somebody(columns: set[str]) -> bool:
        return bool({"subscriber_id", "delivery_id", "holder_id"} & columns) or (
            "address_key" in columns and "tenant_id" in columns
        )

    named = {m._meta.table_name for m in twins.tables() if names_somebody(set(m._meta.columns))}
    limits = {"own_limit", "volume_counter"}  # their holder is a role or a user
    assert named - bounds.tables() - limits == set(NOT_NARROWED)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM subscriber WHERE subscriber.tenant_id = 1",
        'SELECT "t1"."id" FROM "subscriber" AS "t1" WHERE ("t1"."tenant_id" = 1)',
        "SELECT s.id FROM campaign k JOIN delivery d ON TRUE LEFT JOIN subscriber s ON TRUE WHERE d.tenant_id = 1",
        "SELECT 1 FROM delivery d WHERE d.tenant_id = 1 AND EXISTS (SELECT 1 FROM list_member m WHERE m.tenant_id = 1)",
        "SELECT n FROM (SELECT count(*) AS n FROM subscription) x",
        "INSERT INTO segment_member (tenant_id, segment_id, subscriber_id) SELECT tenant_id, 1, id FROM subscriber s",
        "UPDATE delivery SET reason = (SELECT max(s.id) FROM subscriber s) WHERE tenant_id = 1 OR state = 1",
        "DELETE FROM list_member WHERE tenant_id = 1 OR list_id = 2",
    ],
)
def test_statements_of_any_form_are_narrowed_and_run(in_the_north: Places, statement: str) -> None:
    narrowed = bounds.narrowed(statement)
    assert f"tenant_id = {in_the_north.tenant_id} AND" in narrowed and narrowed != statement
    db.execute_sql(f"{statement} RETURNING id" if statement.startswith(("UPDATE", "DELETE")) else statement)


def test_what_cannot_be_narrowed_is_refused(in_the_north: Places) -> None:
    for statement in ("SELECT 1 FROM campaign c, subscriber s", "UPDATE subscriber SET city = ''"):
        with pytest.raises(bounds.Unbounded):
            db.execute_sql(statement)
    assert ImportJob.select().where(ImportJob.tenant_id == in_the_north.tenant_id).count() == 0
