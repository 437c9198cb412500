"""Settings that a tenant inherits, overrides and takes back, and that really hold: in mails, on public pages, in
what is cleaned up."""

import io
import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from PIL import Image

from dispatcher.rendering import render
from domain import clock
from domain.campaigns import retention
from domain.campaigns.models import Campaign, CampaignStatus
from domain.content.models import AssetUse
from domain.ledger.models import Delivery, DeliveryPayload
from domain.subscribers.models import ImportJob, ImportReject
from domain.tenancy import settings as tenant_settings
from domain.tenancy.models import Tenant
from mediadb import library
from mediadb.models import Asset
from tests import mailings
from tests.world import World

PAGE = "/t/north/admin/tenant"


@pytest.fixture
def admin(client: FlaskClient, world: World, sign_in) -> FlaskClient:
    """The administrator of north, below a head office with a footer of its own."""
    top = Tenant.create(
        slug="top", name="Zentrale", settings={"footer": "Zentrale Grüße\n\nBis bald", "retention_months": 12}
    )
    Tenant.update(parent_id=top.id).where(Tenant.id == world.north.id).execute()
    world.north.parent_id = top.id
    return sign_in(client, world.administrator)


def picture() -> io.BytesIO:
    data = io.BytesIO()
    Image.new("RGB", (320, 120), "#2d6a4f").save(data, "PNG")
    data.seek(0)
    return data


OF_THE_HEAD: dict[str, object] = {
    "sender_name": "Zentrale", "sender_address": "z@z.example", "reply_to": "r@z.example", "imprint": "Zentrale GmbH",
    "footer": "Grüße", "logo_id": 1, "retention_months": 6, "privacy_url": "https://z.example/", "colour": "#123456",
    "language": "de", "time_zone": "Europe/Vienna", "approval_self": True, "complete_recipients": True,
    "approval_by_address": True, "tracking": "numbers", "quiet_hours": "20:00-07:00", "latest_start_h": 6,
}  # fmt: skip


def saved(admin: FlaskClient, **values: object):
    return admin.post(PAGE, data={"name": "Verlag Nord", **values}, content_type="multipart/form-data")


def test_the_page_says_where_a_value_comes_from_and_leads_back_to_it(
    admin: FlaskClient, world: World
) -> None:
    page = admin.get(PAGE).text
    assert "Inherited from Zentrale: Zentrale Grüße" in page and "Are deleted after 12 months" in page
    saved(admin, footer="Eigener Fuß", retention_months="0")
    own = Tenant.get_by_id(world.north.id).settings
    assert (own["footer"], own["retention_months"]) == ("Eigener Fuß", 0)
    page = admin.get(PAGE).text
    assert "Inherited from Zentrale would be: Zentrale Grüße" in page and "Back to inherited" in page
    admin.post(f"{PAGE}/inherit", data={"key": "footer"})
    assert "footer" not in Tenant.get_by_id(world.north.id).settings
    assert Tenant.get_by_id(world.north.id).settings["retention_months"] == 0
    assert admin.post(f"{PAGE}/inherit", data={"key": "nonsense"}).status_code == 404
    assert saved(admin, retention_months="7").status_code == 422


def test_every_setting_names_its_source(admin: FlaskClient, world: World) -> None:
    above = Tenant.get_by_id(Tenant.get_by_id(world.north.id).parent_id)
    Tenant.update(settings={}).where(Tenant.id == world.north.id).execute()
    logo = library.upload(above.id, world.editor.id, "logo.png", picture().read())
    Tenant.update(settings={**OF_THE_HEAD, "logo_id": logo.id}).where(Tenant.id == above.id).execute()
    assert set(OF_THE_HEAD) == set(tenant_settings.DEFAULTS), "a new setting falls in by itself"
    page = admin.get(PAGE).text
    assert page.count("Inherited from Zentrale") == len(OF_THE_HEAD)
    pace = admin.get("/t/north/admin/pace").text
    assert "Inherited from Zentrale: 20:00–07:00" in pace and "Inherited from Zentrale: 6 hours" in pace
    Tenant.update(settings={}).where(Tenant.id == above.id).execute()
    page = admin.get(PAGE).text
    assert "Inherited" not in page and page.count("Basic setting of the house.") == 8


def test_footer_and_logo_stand_in_mails_and_on_public_pages(admin: FlaskClient, world: World) -> None:
    issue = mailings.issue(world)
    north = Tenant.get_by_id(world.north.id)
    mail = render.render(north, issue, "https://rundbrief.example").source
    assert "Zentrale Grüße" in mail.html and "Zentrale Grüße" in mail.plain
    saved(admin, footer="Fuß <b> & Hand", logo=(picture(), "logo.png"))
    north = Tenant.get_by_id(world.north.id)
    logo = Asset.get_by_id(north.settings["logo_id"])
    mail = render.render(north, issue, "https://rundbrief.example").source
    assert f"/media/{logo.public_key}/mail600" in mail.html and "Fuß &lt;b&gt; &amp; Hand" in mail.html
    assert f"/media/{logo.public_key}/mail600" in admin.get("/n/north").text
    assert AssetUse.select().where(AssetUse.asset_id == logo.id, AssetUse.kind == "tenant").count() == 1
    child = Tenant.create(slug="child", name="Kind", parent_id=north.id)
    assert f"/media/{logo.public_key}/" in admin.get("/n/child").text  # a branch shows the logo from above
    Tenant.update(settings=json.loads('{"logo_id": 0}')).where(Tenant.id == child.id).execute()
    assert "/media/" not in admin.get("/n/child").text
    admin.post(f"{PAGE}/no-logo")
    assert "/media/" not in admin.get("/n/north").text
    assert not AssetUse.select().where(AssetUse.asset_id == logo.id).exists()


def test_what_is_no_picture_is_no_logo(admin: FlaskClient, world: World) -> None:
    answer = saved(admin, logo=(io.BytesIO(b"%PDF-1.4 nothing"), "logo.pdf"), footer="bleibt stehen")
    assert answer.status_code == 422 and "bleibt stehen" in answer.text
    assert "logo_id" not in Tenant.get_by_id(world.north.id).settings


def test_addresses_in_old_mailings_and_files_go_when_the_tenant_says_so(
    admin: FlaskClient, world: World
) -> None:
    def mailing(tenant_id: int, days: int, status: CampaignStatus = CampaignStatus.FINISHED) -> int:
        campaign = Campaign.create(
            tenant_id=tenant_id, issue_id=1, type_id=1, name="x", created_by_id=1, status=status,
            finished_at=clock.now() - timedelta(days=days),
        )  # fmt: skip
        delivery = Delivery.create(
            tenant_id=tenant_id,
            campaign_id=campaign.id,
            address_key=f"{campaign.id}@x.example",
            state=2,
            queued_at=1,
        )
        DeliveryPayload.insert(
            delivery_id=delivery.id,
            tenant_id=tenant_id,
            campaign_id=campaign.id,
            address="a@x.example",
            packed="[]",
        ).execute()
        return campaign.id

    north, south = world.north.id, world.south.id
    mailing(north, 400)
    stay = [mailing(north, 300), mailing(north, 400, CampaignStatus.PAUSED), mailing(south, 4_000)]
    job = ImportJob.create(
        tenant_id=north, filename="a.csv", path="x", by_id=1, finished_at=clock.now() - timedelta(days=400)
    )
    ImportReject.create(tenant_id=north, job_id=job.id, row=2, cells=["a@x.example"], reason="x")
    assert tenant_settings.effective(Tenant.get_by_id(north))["retention_months"] == 12
    assert retention.clean() == 2
    left = DeliveryPayload.select(DeliveryPayload.campaign_id).order_by(DeliveryPayload.campaign_id)
    assert [row[0] for row in left.tuples()] == stay
    assert Delivery.select().count() == 4 and not ImportReject.select().exists()
    assert retention.clean() == 0
