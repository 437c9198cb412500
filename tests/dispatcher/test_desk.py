"""The side desk: the same ledger from a process of its own, which never outlives its owner."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import peewee
import pytest

from dispatcher.engine.desk import OwnDesk, SideDesk
from domain.campaigns.models import Campaign, CampaignStatus
from domain.ledger import outbox
from domain.ledger.models import Delivery
from domain.ledger.rows import Settlement
from domain.ledger.states import DeliveryState
from tests.dispatcher.mailing import EngineSettings, mailing, tenant

ROOT = Path(__file__).parents[2]


@pytest.fixture
def side(database, tmp_path):
    settings = EngineSettings(tmp_path, database, "smtp://127.0.0.1:1")
    desk = SideDesk(settings.database_url, settings.secret_key)
    yield desk
    desk.close()


def settled(row, campaign, owner_id):
    return Settlement(
        row.delivery_id, campaign.tenant_id, row.attempt, owner_id, int(DeliveryState.SENT), 250, "2.0.0", "ok", 0,
        campaign.revision_id,
    )  # fmt: skip


def test_side_desk_claims_and_settles_as_the_own_one_does(side):
    campaign = mailing(tenant(), 20)
    here = OwnDesk().claim(campaign, 5, 1, 60).rows
    there = side.claim(campaign, 5, 2, 60).rows
    assert [(row.address, row.values, row.attempt) for row in there] == [
        (f"p{n}@x.example", {"Vorname": f"Änne {n}", "@name": f"Änne {n}"}, 1) for n in range(6, 11)
    ]
    assert not {row.delivery_id for row in here} & {row.delivery_id for row in there}
    side.settle([settled(row, campaign, 2) for row in there])
    counts = outbox.counts(campaign.tenant_id, campaign.id)
    assert counts[DeliveryState.SENT] == 5 and counts[DeliveryState.LEASED] == 5


def test_side_desk_asks_at_every_claim_whether_the_campaign_still_sends(side):
    campaign = mailing(tenant(), 5)
    Campaign.update(status=CampaignStatus.PAUSED).where(Campaign.id == campaign.id).execute()
    assert side.claim(campaign, 5, 1, 60).rows == []


@pytest.mark.sqlite_only  # a missing table is no OperationalError on PostgreSQL
def test_database_that_refuses_is_told_and_the_desk_goes_on(side):
    campaign = mailing(tenant(), 5)
    Delivery._meta.database.execute_sql("ALTER TABLE delivery RENAME TO elsewhere")
    with pytest.raises(peewee.OperationalError):
        side.claim(campaign, 5, 1, 60)
    Delivery._meta.database.execute_sql("ALTER TABLE elsewhere RENAME TO delivery")
    assert len(side.claim(campaign, 5, 1, 60).rows) == 5


def test_desk_dies_with_its_owner(database, tmp_path):
    script = (
        "import sys, time; from dispatcher.engine.desk import SideDesk\n"
        "desk = SideDesk(sys.argv[1], b'only for tests, 32 bytes or more.')\n"
        "print(desk._process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, database], cwd=ROOT, stdout=subprocess.PIPE
    ) as owner:
        child = int(owner.stdout.readline())
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    end = time.monotonic() + 10
    while os.path.exists(f"/proc/{child}") and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        assert time.monotonic() < end, "it lives on"
        time.sleep(0.01)
