"""The recipient table of a planned mailing, its ticks, its file; and files of excluded people."""

import io

import pytest
from openpyxl import load_workbook

from domain.campaigns import audience, planning
from domain.campaigns.models import Campaign, Exclusion, Unticked
from domain.ledger.states import LeftOut
from domain.subscribers import organisations
from domain.subscribers.models import Organisation, Subscriber
from tests import mailings
from tests.portal.conftest import HTMX

PLAN = {
    "whom": "all", "proved": "y", "sender_name": "Verlag Nord", "sender_address": "news@nord.example", "when": "now",
    "priority": "0",
}  # fmt: skip


@pytest.fixture
def campaign(world):
    mailings.everybody(world)
    return mailings.draft(world, mailings.issue(world))


@pytest.fixture
def editor(client, sign_in, world):
    return sign_in(client, world.editor)


@pytest.fixture
def administrator(client, sign_in, world):
    return sign_in(client, world.administrator)


def url(campaign, rest=""):
    return f"/t/north/campaigns/{campaign.id}/selection{rest}"


def person(name):
    return Subscriber.get(Subscriber.first_name == name)


def row(page, who):
    """The row of one person in the table."""
    return page.partition(f'id="p{who.id}"')[2].partition("</tr>")[0]


def test_the_plan_is_saved_on_the_way_to_the_table(editor, world):
    mailings.everybody(world)
    mailings.verified(world)
    issue = mailings.issue(world)
    answer = editor.post(f"/t/north/issues/{issue.id}/plan", data={**PLAN, "act": "people"})
    campaign = planning.of_issue(issue)
    assert answer.status_code == 303 and answer.headers["Location"].endswith(f"/{campaign.id}/selection")
    assert "4 people get this mail" in editor.get(url(campaign)).text


def test_locked_people_are_unticked_with_the_reason(editor, campaign):
    page = editor.get(url(campaign)).text
    locked = row(page, person("Lothar"))
    assert "disabled" in locked and "checked" not in locked and "Mailing lock" in locked
    assert "checked" in row(page, person("Anna")) and "disabled" not in row(page, person("Anna"))


def test_a_locked_organisation_takes_its_contacts_off_the_table(editor, world, campaign):
    firm = Organisation.create(tenant_id=world.north.id, name="Werft", folded="werft")
    Subscriber.update(organisation_id=firm.id).where(Subscriber.first_name == "Anna").execute()
    assert "checked" in row(editor.get(url(campaign)).text, person("Anna"))
    organisations.lock(firm, "quarrel", None, world.editor.id)
    fallen = row(editor.get(url(campaign)).text, person("Anna"))
    assert "Customer locked" in fallen and "checked" not in fallen


def test_ticks_of_a_page_are_saved_by_form_and_by_script(editor, campaign):
    anna, bert = person("Anna").id, person("Bert").id
    plain = editor.post(url(campaign), data={"shown": [anna, bert], "send": [bert]})
    assert plain.status_code == 303
    assert [row.subscriber_id for row in Unticked.select()] == [anna]
    part = editor.post(url(campaign), data={"shown": [anna, bert], "send": [anna]}, headers=HTMX)
    assert part.status_code == 200 and "<html" not in part.text and 'id="selection"' in part.text
    assert [row.subscriber_id for row in Unticked.select()] == [bert]
    assert Unticked.get().by_id and "Unticked" in part.text


def test_everybody_found_is_unticked_and_the_plan_counts_it(editor, world, campaign):
    editor.post(url(campaign), data={"act": "untick", "q": "bert"})
    assert audience.numbers(planning.get(world.north.id, campaign.id))[1][LeftOut.UNTICKED] == 1
    plan = editor.get(f"/t/north/issues/{campaign.issue_id}/plan").text
    assert "Unticked" in plan and f"state={int(LeftOut.UNTICKED)}" in plan
    editor.post(url(campaign), data={"act": "tick"})
    assert not Unticked.select().exists()


def test_the_table_is_searched_sorted_and_filtered(editor, campaign):
    assert "Bert Bertsen" not in editor.get(url(campaign, "?q=anna")).text
    left_out = editor.get(url(campaign, f"?state={int(LeftOut.LOCKED)}")).text
    assert "Lothar" in left_out and "Anna" not in left_out
    by_name = editor.get(url(campaign, "?sort=name")).text
    assert by_name.index("Anna Annasen") < by_name.index("Bert Bertsen") < by_name.index("Uta Utasen")
    assert editor.get(url(campaign, "?sort=nonsense&after=x.y&state=zzz")).status_code == 200
    assert "Nobody with these filters" in editor.get(url(campaign, "?q=zzzz")).text


def test_a_mailing_waits_for_addresses_where_the_tenant_demands_them(editor, world, campaign):
    ask = {**PLAN, "act": "ask", "live": "y", "version": campaign.version}
    world.north.settings = {**world.north.settings, "complete_recipients": True}
    world.north.save()
    refused = editor.post(f"/t/north/issues/{campaign.issue_id}/plan", data=ask)
    assert refused.status_code == 422 and "1 of the selected people have no address" in refused.text
    table = editor.get(url(campaign)).text
    assert "1 selected person has no address" in table and f"state={int(LeftOut.NO_ADDRESS)}" in table
    editor.post(url(campaign), data={"shown": [person("Ohne").id]})
    assert "has no address" not in editor.get(url(campaign)).text
    version = planning.get(world.north.id, campaign.id).version
    asked = editor.post(f"/t/north/issues/{campaign.issue_id}/plan", data={**ask, "version": version})
    assert asked.status_code == 303


def test_people_without_an_address_lead_to_where_it_is_mended(administrator, campaign):
    page = administrator.get(url(campaign, f"?state={int(LeftOut.NO_ADDRESS)}")).text
    assert f'/subscribers/{person("Ohne").id}/edit"' in page


def test_the_table_is_taken_along_without_formulas(administrator, world, campaign):
    mailings.subscriber(world, "+Plus")
    csv = administrator.post(url(campaign, "/export"), data={"as": "csv"}).text
    assert csv.splitlines()[0] == "\ufeffCustomer,Recipient,Address,Send,State,Reason"
    assert ",Anna Annasen,anna@leser.example,yes,gets it," in csv
    assert ",Lothar Lotharsen,lothar@leser.example,no,Left out,Mailing lock" in csv
    assert ",'+Plus +Plussen," in csv
    sheet = administrator.post(url(campaign, "/export"), data={"as": "xlsx", "state": "no"}).data
    rows = list(load_workbook(io.BytesIO(sheet)).active.iter_rows(values_only=True))
    assert ("Firma", "Firmin Firminsen", "firmin@leser.example", "no", "Left out", "Customer locked") in rows
    assert not any("Anna" in str(row[1]) for row in rows)


def test_the_table_closes_with_the_plan(editor, world, campaign):
    Campaign.update(status="scheduled").where(Campaign.id == campaign.id).execute()
    page = editor.get(url(campaign)).text
    assert "checked disabled" in row_input(page, person("Anna")) and "Untick everybody" not in page
    assert editor.post(url(campaign), data={"act": "untick"}).status_code == 409


def row_input(page, who):
    return page.partition(f'id="p{who.id}"')[2].partition(">")[0]


def test_only_who_sees_personal_data_sees_the_table(client, sign_in, world, campaign):
    sender = sign_in(client, world.sender)
    assert sender.get(url(campaign)).status_code == 404
    assert sender.post(url(campaign), data={"act": "untick"}).status_code == 403
    assert "person by person" not in sender.get(f"/t/north/issues/{campaign.issue_id}/plan").text


def test_a_file_excludes_its_people_from_one_mailing(editor, world, campaign):
    file = (io.BytesIO(b"Mail\nanna@leser.example\nnobody\n"), "beantwortet.csv")
    done = editor.post(
        f"/t/north/campaigns/{campaign.id}/exclusions", data={"file": file}, follow_redirects=True
    )
    assert "1 address gets no mail by this file. 1 row holds no address." in done.text
    assert "Excluded by file" in row(done.text, person("Anna")) and "beantwortet.csv" in done.text
    found = Exclusion.get()
    gone = editor.post(f"/t/north/exclusions/{found.id}/remove", follow_redirects=True)
    assert "no longer excludes anybody" in gone.text and "checked" in row(gone.text, person("Anna"))


def test_a_file_for_a_period_is_kept_on_its_own_page(editor, campaign):
    def file():
        return io.BytesIO(b"anna@leser.example\nbert@leser.example\n"), "streik.txt"

    url_of = "/t/north/exclusions"
    wrong = editor.post(url_of, data={"file": file(), "from": "2027-01-02", "until": "2027-01-01"})
    assert wrong.status_code == 422 and "The end lies before the beginning" in wrong.text
    assert editor.post(url_of, data={"until": "x", "file": file()}).status_code == 422
    assert editor.post(url_of, data={}).status_code == 422
    done = editor.post(url_of, data={"file": file(), "name": "Streik"}, follow_redirects=True)
    assert "2 addresses" in done.text and "Streik" in done.text
    assert "Excluded by file" in row(editor.get(url(campaign)).text, person("Bert"))
