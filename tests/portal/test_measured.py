"""The pages around opens and clicks: who sees what, and how it is switched."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dispatcher import clearance
from domain.campaigns import measuring, planning
from domain.campaigns.models import Campaign
from domain.issues import assembly, mailtemplates
from domain.issues.models import BlockKind, Issue
from domain.subscribers import proving
from domain.subscribers.models import NewsletterType, Subscriber
from domain.tenancy import settings
from domain.tenancy.models import Tenant
from tests import mailings
from tests.counted import NEWS, PEOPLE, SHOP, Sent, sent
from tests.world import World


@pytest.fixture
def admin(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    return sign_in(client, world.administrator)


def clicked(app: Flask, mail: Sent, *ways: tuple[str, int]) -> None:
    reader = app.test_client()
    for url, place in ways:
        reader.get(mail.link(url, place), headers=PEOPLE)


def report_of(mail: Sent) -> str:
    return f"/t/north/campaigns/{mail.campaign.id}/measured"


def test_the_report_names_links_and_people_with_their_clicks(
    app: Flask, admin: FlaskClient, world: World
) -> None:
    mail = sent(world, "people")
    clicked(app, mail, (SHOP, 0), (SHOP, 1), (NEWS, 1))
    page = admin.get(report_of(mail)).text
    assert "Zum Laden" in page and "https://laden.example/" in page and "Anna0" in page and "Anna1" in page
    one = admin.get(f"{report_of(mail)}?link={mail.number(NEWS)}").text
    assert "Anna1" in one and "Anna0" not in one
    figures = admin.get(report_of(mail), headers={"HX-Request": "true"}).text
    assert "<html" not in figures and "People who clicked" in figures
    assert "counted per person" in admin.get(f"/t/north/campaigns/{mail.campaign.id}").text
    lines = admin.get(f"{report_of(mail)}/links").text.splitlines()
    assert any(line.startswith("Zum Laden") and line.endswith("2,2") for line in lines), lines


def test_numbers_name_nobody_and_need_no_right_to_see_people(
    app: Flask, client: FlaskClient, world: World, sign_in
) -> None:
    mail = sent(world, "numbers", 10)
    clicked(app, mail, (SHOP, 0))
    page = sign_in(client, world.administrator).get(report_of(mail)).text
    assert "Zum Laden" in page and "Anna" not in page and "People who clicked" not in page


def test_names_are_for_those_who_may_see_people(app: Flask, world: World, sign_in) -> None:
    mail = sent(world, "people")
    clicked(app, mail, (SHOP, 0))
    page = sign_in(app.test_client(), world.people["auditor"]).get(report_of(mail))
    assert page.status_code == 200 and "Zum Laden" in page.text and "Anna0" not in page.text


def test_the_file_of_recipients_has_what_each_did(app: Flask, admin: FlaskClient, world: World) -> None:
    mail = sent(world, "people")
    clicked(app, mail, (SHOP, 0), (NEWS, 0))
    url = f"/t/north/campaigns/{mail.campaign.id}/export"
    head, *rows = admin.post(url).text.splitlines()
    assert head.endswith("Opened,Clicks")
    assert next(row for row in rows if "anna0@" in row).endswith(",0,2")
    assert next(row for row in rows if "anna1@" in row).endswith(",0,0")
    settings.change(world.north, {"tracking": "numbers"})
    assert "Clicks" not in admin.post(url).text.splitlines()[0]


def test_the_tenants_page_sets_it_and_says_where_it_comes_from(admin: FlaskClient, world: World) -> None:
    page = admin.get("/t/north/admin/tenant").text
    hint = page[page.index('id="tracking-h"') :].split("</div>")[0]
    assert "Basic setting of the house." in hint
    form = {"name": world.north.name, "tracking": "people"}
    assert admin.post("/t/north/admin/tenant", data=form).status_code == 303
    assert str(measuring.measuring.allowed(Tenant.get_by_id(world.north.id))) == "people"
    child = Tenant.create(slug="zweig", name="Zweig", parent_id=world.north.id)
    found = settings.with_origin(child)["tracking"]
    assert (found.value, found.origin) == ("people", world.north)
    assert admin.post("/t/north/admin/tenant", data={**form, "tracking": "all"}).status_code == 422


def test_the_plan_says_whether_the_mailing_counts_and_can_go_less_far(
    admin: FlaskClient, world: World
) -> None:
    issue = mailings.issue(world)
    campaign = mailings.draft(world, issue)
    plan = f"/t/north/issues/{issue.id}/plan"
    assert "Opens and clicks are not counted" in admin.get(plan).text
    settings.change(world.north, {"tracking": "people"})
    page = admin.get(plan).text
    assert "counted per person" in page and "As usual: per person" in page
    form = {
        "whom": "all", "sender_name": "Nord", "sender_address": "news@nord.example", "when": "now", "live": "y",
        "priority": "0", "tracking": "numbers",
    }  # fmt: skip
    assert admin.post(plan, data=form).status_code == 303
    assert planning.get(world.north.id, campaign.id).tracking == "numbers"
    assert "counted without persons" in admin.get(plan).text
    kind = NewsletterType.get_by_id(world.types["city"].id)
    page = admin.get(f"/t/north/types/{kind.id}/edit").text
    assert "As the tenant has it: per person" in page and 'name="tracking"' in page


def test_a_person_objects_on_the_own_page_and_by_the_record(
    app: Flask, admin: FlaskClient, world: World
) -> None:
    mail = sent(world, "people")
    person = mail.people[0]
    clicked(app, mail, (SHOP, 0))
    record = f"/t/north/subscribers/{person.id}"
    assert "one click: Zum Laden" in admin.get(record).text
    reader = app.test_client()
    own = f"/n/north/data/{proving.token(person)}"
    assert "Do not count me" in reader.get(f"{own}?lang=en").text
    assert reader.post(f"{own}/measuring", data={"act": "object"}).status_code == 303
    assert (
        Subscriber.get_by_id(person.id).unmeasured
        and "You may count again" in reader.get(f"{own}?lang=en").text
    )
    page = admin.get(record).text
    assert "Objects to the counting" in page and "one click" not in page and "Objection to counting" in page
    assert admin.post(f"{record}/measuring", data={"act": "allow"}).status_code == 303
    assert not Subscriber.get_by_id(person.id).unmeasured
    assert admin.post(f"{record}/measuring", data={"act": "object"}).status_code == 303
    assert Subscriber.get_by_id(person.id).unmeasured


def test_a_template_adds_parameters_and_a_link_can_stay_as_it_is(admin: FlaskClient, world: World) -> None:
    template = mailtemplates.create(world.north.id, "Mit Parametern", "paper", world.editor.id)
    page = f"/t/north/admin/templates/{template.id}"
    form = {"name": "Mit Parametern", "version": template.version, "utm_source": "brief",
            "utm_campaign": "[Newsletter]-[Date]", **{k: str(v) for k, v in _colours().items()}}  # fmt: skip
    assert admin.post(page, data={**form, "utm_campaign": "[Vorname]"}).status_code == 422
    assert admin.post(page, data=form).status_code == 303
    assert "?utm_source=brief&amp;utm_campaign=" in admin.get(page).text
    issue = mailings.issue(world)
    assembly.edit(issue, assembly.add(issue, BlockKind.BUTTON), {"label": "Laden", "url": SHOP})
    issue = assembly.get(world.north.id, issue.id)
    assembly.choose_template(world.north, issue, template.id)
    checks = f"/t/north/issues/{issue.id}/preflight"
    assert "b=2&amp;utm_source=brief" in admin.get(checks).text
    assert admin.post(f"{checks}/bare", data={"url": SHOP, "act": "bare"}).status_code == 303
    assert "Stays as it is" in admin.get(checks).text
    issue = Issue.get_by_id(issue.id)
    assert issue.bare_links == [SHOP]
    rendered = clearance.render.render(world.north, issue, mailings.BASE_URL)
    assert 'href="https://laden.example/?a=1&amp;b=2#c"' in rendered.source.html
    admin.post(f"{checks}/bare", data={"url": "https://elsewhere.example/", "act": "bare"})
    admin.post(f"{checks}/bare", data={"url": SHOP, "act": "usual"})
    assert Issue.get_by_id(issue.id).bare_links == []
    assert Campaign.select().count() == 0


def _colours() -> dict[str, str]:
    from domain.issues import design

    made = design.Design()
    return {key: getattr(made, key) for key in (*design.COLOURS, *design.NUMBERS, *design.CHOICES)}


def test_a_segment_about_clicks_says_where_nobody_is_known(admin: FlaskClient, world: World) -> None:
    form = {"g0-match": "all", "g0-0-field": "event:clicked", "g0-0-op": "ever"}
    hint = "does not count per person"
    assert hint in admin.post("/t/north/segments/build", data=form, headers={"HX-Request": "true"}).text
    settings.change(world.north, {"tracking": "people"})
    assert hint not in admin.post("/t/north/segments/build", data=form, headers={"HX-Request": "true"}).text
