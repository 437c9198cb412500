"""A counted mail over real SMTP: its links lead back to their addresses by the token of this one mail."""

import email
import email.policy
import re
from dataclasses import replace

from dispatcher.message.compose import compile_message
from dispatcher.rendering import links
from domain.campaigns import measuring
from domain.campaigns.models import Campaign, CampaignStatus
from domain.issues.models import IssueRevision
from domain.ledger.models import Delivery
from domain.tenancy import settings
from tests.dispatcher.mailing import DATE, SOURCE, mailing, tenant
from tests.dispatcher.sinks import Sink
from tests.dispatcher.test_deliver import sending, until  # noqa: F401 - a fixture

SHOP = "https://laden.example/?a=1&b=2#c"


def test_every_link_of_the_mail_leads_to_its_address(sending) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    owner = tenant()
    settings.change(owner, {"tracking": "people"})
    campaign = mailing(owner, 3, status=CampaignStatus.PAUSED)
    page = SOURCE.html + f'<p><a href="{SHOP.replace("&", "&amp;")}">Laden</a></p></body>'
    source, found = links.counted(replace(SOURCE, html=page, plain=f"{SOURCE.plain}Laden: {SHOP}\n"))
    compiled = compile_message(source, date=DATE, boundary_seed=b"test")
    IssueRevision.update(compiled=compiled.dump(), links=found, tracking="people").execute()
    Campaign.update(status=CampaignStatus.SENDING).execute()
    with Sink().running() as sink, sending(sink.port):
        until(lambda: Campaign.get_by_id(campaign.id).status == CampaignStatus.FINISHED)
    by_address = dict(Delivery.select(Delivery.address_key, Delivery.id).tuples())
    seen = set()
    for to, raw in sink.accepted:
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        for kind in ("html", "plain"):
            text = mail.get_body((kind,)).get_content()
            token, number = re.search(r"https://n\.example/m/([\w-]+)/l/(\d+)", text).groups()
            way = measuring.find(token)
            assert (way.delivery_id, way.target(int(number))) == (by_address[to], SHOP)
            assert SHOP not in text
        assert f"/m/{token}/o.gif" in mail.get_body(("html",)).get_content()
        seen.add(token)
    assert len(seen) == 3
