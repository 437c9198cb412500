"""The plan says which mail server a mailing takes and whom the contact caps leave out; test mails keep to limits."""

import time
from datetime import UTC, datetime

from domain import clock
from domain.campaigns import capped
from domain.campaigns.models import Campaign
from domain.notices.models import OutboxMail
from domain.quotas import ceilings, contact
from domain.quotas import ledger as quotas
from domain.quotas.models import HOUSE, ContactCap, ContactCounter, Window
from domain.senders.models import Relay
from domain.subscribers.models import Subscriber
from tests.portal.test_plan import PLAN


def relay(name, owner=None, **values):
    return Relay.create(name=name, host=f"{name.lower()}.example", tenant_id=owner, **values)


def test_who_sets_up_servers_chooses_one_for_a_mailing(client, sign_in, world, issue):
    own, house = relay("Eigener", world.north.id), relay("Haus")
    relay("Fremder", world.south.id)
    relay("Ruhend", active=False)
    url = f"/t/north/issues/{issue.id}/plan"
    sign_in(client, world.administrator)
    page = client.get(url).text
    assert "Eigener" in page and "Haus" in page and "Fremder" not in page and "Ruhend" not in page
    assert "haus.example" not in page, "whose server it is and where is no concern of the tenant"
    client.post(url, data={**PLAN, "relay": str(house.id)})
    assert Campaign.get().relay_id == house.id
    assert f'<option value="{house.id}" selected>' in client.get(url).text
    client.post(url, data={**PLAN, "relay": str(own.id)})
    assert Campaign.get().relay_id == own.id
    client.post(url, data={**PLAN, "relay": "0"})
    assert Campaign.get().relay_id is None


def test_a_server_that_cannot_be_chosen_is_refused(client, sign_in, world, issue):
    foreign, bound = relay("Fremder", world.south.id), relay("Anderer", domains="other.example")
    sign_in(client, world.administrator)
    for chosen, words in ((foreign, "not in use any more"), (bound, "does not send for nord.example")):
        answer = client.post(f"/t/north/issues/{issue.id}/plan", data={**PLAN, "relay": str(chosen.id)})
        assert answer.status_code == 422 and words in answer.text
    assert not Campaign.select().where(Campaign.relay_id.is_null(False)).exists()


def test_who_plans_without_that_right_sees_no_servers_and_changes_none(client, sign_in, world, issue):
    house = relay("Haus")
    url = f"/t/north/issues/{issue.id}/plan"
    sign_in(client, world.administrator)
    client.post(url, data={**PLAN, "relay": str(house.id)})
    sign_in(client, world.chief_editor)
    assert "Haus" not in client.get(url).text
    client.post(url, data={**PLAN, "relay": "0", "sender_name": "Anders"})
    saved = Campaign.get()
    assert (saved.sender_name, saved.relay_id) == ("Anders", house.id)


def had_mails(world, people, count, holder):
    day = contact.day_of(clock.epoch())
    for person in Subscriber.select().where(Subscriber.tenant_id == world.north.id).limit(people):
        ContactCounter.create(
            tenant_id=holder, address_hash=contact.hash_of(person.address_key), day=day, used=count
        )


def test_whom_the_cap_of_the_tenant_will_leave_out_is_said_before(client, sign_in, world, issue):
    contact.set_cap(world.north.id, 3, 30)
    had_mails(world, 2, 3, world.north.id)
    sign_in(client, world.chief_editor)
    page = client.get(f"/t/north/issues/{issue.id}/plan").text
    assert "2 of them already had 3 mails in 30 days" in page
    sign_in(client, world.administrator)
    numbers = client.get(f"/t/north/issues/{issue.id}/plan/numbers", query_string=PLAN)
    assert "2 of them already had 3 mails in 30 days" in numbers.text


def test_of_the_cap_of_the_house_small_numbers_are_not_said(client, sign_in, world, issue):
    """They would tell a tenant that others have written to one of its readers."""
    contact.set_cap(HOUSE, 2, 7)
    had_mails(world, 1, 5, HOUSE)
    sign_in(client, world.chief_editor)
    page = client.get(f"/t/north/issues/{issue.id}/plan").text
    assert "Fewer than 10 of them already had 2 mails in 7 days" in page


def test_who_has_room_is_not_counted(world, issue, monkeypatch):
    contact.set_cap(world.north.id, 3, 30)
    had_mails(world, 4, 2, world.north.id)
    campaign = Campaign(tenant_id=world.north.id, type_id=issue.type_id, audience={"consents": ["proved"]})
    assert capped.expected(campaign, 4, clock.now()) == []
    ContactCounter.update(used=3).execute()
    (found,) = capped.expected(campaign, 4, clock.now())
    assert (found.people, found.about) == (4, False)
    later = datetime.fromtimestamp(time.time() + 31 * 86_400, UTC)
    assert capped.expected(campaign, 4, later) == [], "by then the mails count no more"
    monkeypatch.setattr(capped, "SAMPLE", 2)
    (found,) = capped.expected(campaign, 4, clock.now())
    assert found.about and found.people in (2, 4, 6), "every second one is asked"
    ContactCap.delete().execute()
    assert capped.expected(campaign, 4, clock.now()) == []


def test_a_test_mail_counts_for_the_person_who_has_an_exception(client, sign_in, world, issue):
    role = world.roles["chief_editor"].id
    quotas.set_limits(role, {Window.DAY: 0})
    ceilings.set_exception(world.north.id, world.chief_editor.id, {Window.DAY: 1})
    sign_in(client, world.chief_editor)
    url = f"/t/north/issues/{issue.id}/test"
    client.post(url)
    assert OutboxMail.select().count() == 1, "the exception holds, not the role"
    answer = client.post(url, follow_redirects=True)
    assert OutboxMail.select().count() == 1 and "Your own volume limit is used up" in answer.text
