"""The recipient table: ticks by hand, files of addresses, and what the snapshot makes of both."""

import pytest

from domain import clock
from domain.campaigns import audience, choosing, exclusions, planning, selection, snapshot
from domain.campaigns.exclusions import Period
from domain.campaigns.models import Campaign, CampaignStatus, ExcludedAddress
from domain.campaigns.selection import Query
from domain.errors import Conflict, Invalid
from domain.issues.models import IssueRevision
from domain.ledger.models import Delivery
from domain.ledger.states import DeliveryState, LeftOut
from domain.subscribers.models import Organisation, Subscriber
from tests import mailings


@pytest.fixture
def campaign(world):
    mailings.everybody(world)
    return mailings.draft(world, mailings.issue(world))


def person(name):
    return Subscriber.get(Subscriber.first_name == name)


def reasons(campaign, **query):
    return {row.name.split()[0]: row.reason for row in selection.page(campaign, Query(**query)).rows}


def untick(campaign, *names):
    shown = [person(name).id for name in names]
    return choosing.set_ticks(campaign, shown, [], 1)


def test_the_table_names_everybody_meant_with_the_reason(campaign):
    found = reasons(campaign)
    assert found["Anna"] is None and found["Lothar"] == LeftOut.LOCKED and found["Ohne"] == LeftOut.NO_ADDRESS
    assert found["Firmin"] == LeftOut.ORGANISATION_LOCKED and found["Robin"] == LeftOut.SUPPRESSED
    total = selection.page(campaign, Query()).total
    got, out = audience.numbers(campaign)
    assert total == got + sum(out.values()) == len(found)


def test_unticked_people_are_left_out_of_numbers_and_snapshot(campaign):
    before = audience.numbers(campaign)[0]
    assert untick(campaign, "Anna", "Bert") == (2, 0)
    assert untick(campaign, "Anna") == (0, 0)
    got, out = audience.numbers(campaign)
    assert got == before - 2 and out[LeftOut.UNTICKED] == 2
    revision = IssueRevision.create(
        tenant_id=campaign.tenant_id, issue_id=campaign.issue_id, number=1, fingerprint="f", subject="", preheader="",
        html="", plain="", compiled=b"", placeholders=["Vorname"], size_bytes=0,
    )  # fmt: skip
    campaign.revision_id = revision.id
    snapshot.fill(campaign)
    row = Delivery.get(Delivery.subscriber_id == person("Anna").id)
    assert (row.state, row.reason) == (DeliveryState.SUPPRESSED, LeftOut.UNTICKED)
    assert Delivery.get(Delivery.subscriber_id == person("Cleo").id).state == DeliveryState.QUEUED


def test_a_tick_brings_somebody_back(campaign):
    untick(campaign, "Anna", "Bert")
    shown = [person(name).id for name in ("Anna", "Bert")]
    assert choosing.set_ticks(campaign, shown, [shown[0]], 1) == (0, 1)
    assert reasons(campaign)["Anna"] is None and reasons(campaign)["Bert"] == LeftOut.UNTICKED


def test_a_tick_cannot_undo_a_lock(campaign):
    lothar = person("Lothar")
    choosing.set_ticks(campaign, [lothar.id], [lothar.id], 1)
    assert reasons(campaign)["Lothar"] == LeftOut.LOCKED


def test_everybody_found_is_unticked_and_ticked_at_once(campaign):
    firm = Organisation.create(tenant_id=campaign.tenant_id, name="Werft Nord", folded="werft nord")
    Subscriber.update(organisation_id=firm.id).where(Subscriber.first_name.in_(["Anna", "Bert"])).execute()
    assert selection.untick(campaign, Query(text="werft"), 1) == 2
    assert audience.numbers(campaign)[1][LeftOut.UNTICKED] == 2
    assert selection.tick(campaign, Query(state=str(int(LeftOut.UNTICKED)))) == 2
    assert LeftOut.UNTICKED not in audience.numbers(campaign)[1]


@pytest.mark.parametrize("order", sorted(selection.ORDERS))
def test_pages_in_every_order_hold_everybody_once(campaign, monkeypatch, order):
    monkeypatch.setattr(selection, "PAGE_SIZE", 3)
    seen, cursor = [], ""
    while True:
        page = selection.page(campaign, Query(order=order, cursor=cursor))
        seen += [row.id for row in page.rows]
        if not (cursor := page.following):
            break
    assert len(seen) == len(set(seen)) == page.total
    assert sorted(seen) == sorted(row.id for row in selection.every(campaign, Query()))


def test_search_finds_names_addresses_and_states(campaign):
    assert set(reasons(campaign, text="anna")) == {"Anna"}
    assert set(reasons(campaign, text="bert@leser")) == {"Bert"}
    assert set(reasons(campaign, state=selection.SENDS)) == {"Anna", "Bert", "Cleo", "Paul"}
    assert "Anna" not in reasons(campaign, state=selection.OUT)
    assert set(reasons(campaign, state=str(int(LeftOut.LOCKED)))) == {"Lothar"}
    assert not reasons(campaign, text="!!!")


def test_ticks_close_with_the_plan(campaign):
    Campaign.update(status=CampaignStatus.SCHEDULED).where(Campaign.id == campaign.id).execute()
    with pytest.raises(Conflict):
        untick(campaign, "Anna")
    with pytest.raises(Conflict):
        selection.untick(campaign, Query(), 1)


def test_ticks_and_files_are_part_of_what_is_approved(campaign, tmp_path):
    before = planning.definition(campaign)
    untick(campaign, "Anna")
    after = planning.definition(campaign)
    assert after != before
    exclusions.add(campaign.tenant_id, "x", text(tmp_path, "anna@leser.example"), 1, campaign=campaign)
    assert planning.definition(campaign) not in (before, after)


def test_another_tenants_people_cannot_be_unticked(world, campaign):
    stranger = Subscriber.create(tenant_id=world.south.id, first_name="Fremd")
    assert choosing.set_ticks(campaign, [stranger.id], [], 1) == (0, 0)


def test_selected_people_without_an_address_are_counted_until_unticked(campaign):
    assert [row.name for row in selection.lacking(campaign, 5)] == ["Ohne Ohnesen"]
    assert audience.lacking_address(campaign) == 1
    Subscriber.update(locked_reason="none").where(Subscriber.first_name == "Ohne").execute()
    assert audience.lacking_address(campaign) == 0  # would get nothing anyway
    Subscriber.update(locked_reason=None).where(Subscriber.first_name == "Ohne").execute()
    untick(campaign, "Ohne")
    assert audience.lacking_address(campaign) == 0
    assert reasons(campaign)["Ohne"] == LeftOut.UNTICKED


def text(folder, *lines):
    path = folder / "file.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_people_in_the_file_of_a_campaign_are_left_out(world, campaign, tmp_path):
    path = text(tmp_path, "Name;E-Mail", "Anna;ANNA@leser.example", "Wer;nobody", "Bert;bert@leser.example")
    found = exclusions.add(campaign.tenant_id, "Schon gefragt", path, 1, campaign=campaign)
    assert (found.address_count, found.refused_count) == (2, 1)
    assert audience.numbers(campaign)[1][LeftOut.EXCLUDED] == 2
    assert reasons(campaign)["Anna"] == LeftOut.EXCLUDED
    other = planning.proposed(mailings.issue(world), 1, "x", "x@nord.example", "")
    assert LeftOut.EXCLUDED not in audience.numbers(other)[1]
    exclusions.remove(found, 1)
    assert LeftOut.EXCLUDED not in audience.numbers(campaign)[1] and not ExcludedAddress.select().count()


def test_a_file_for_a_period_holds_from_its_beginning_to_its_end(campaign, tmp_path, monkeypatch):
    now = clock.now()
    day = clock.moment(clock.epoch() + 86_400)
    path = text(tmp_path, "anna@leser.example", "bert@leser.example")
    exclusions.add(campaign.tenant_id, "Streik", path, 1, period=Period(now, day))
    assert audience.numbers(campaign)[1][LeftOut.EXCLUDED] == 2
    monkeypatch.setattr(clock, "epoch", lambda: int(day.timestamp()))
    assert LeftOut.EXCLUDED not in audience.numbers(campaign)[1]


@pytest.mark.parametrize("lines", [["Name;Ort", "Anna;Celle"], [" "], ["Name;E-Mail"]])
def test_a_file_without_addresses_is_refused(campaign, tmp_path, lines):
    with pytest.raises(Invalid):
        exclusions.add(campaign.tenant_id, "x", text(tmp_path, *lines), 1, campaign=campaign)
    assert not exclusions.of_campaign(campaign)


def test_addresses_of_files_whose_time_is_over_are_deleted(campaign, tmp_path, monkeypatch):
    now = clock.now()
    day = clock.moment(clock.epoch() + 86_400)
    exclusions.add(campaign.tenant_id, "x", text(tmp_path, "anna@leser.example"), 1, period=Period(now, day))
    assert exclusions.expire() == 0
    monkeypatch.setattr(clock, "now", lambda: day + exclusions.KEPT * 2)
    assert exclusions.expire() == 1
    assert not ExcludedAddress.select().count() and exclusions.of_periods(campaign.tenant_id)
