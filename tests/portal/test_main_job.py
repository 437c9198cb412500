"""The main job over HTTP, through the whole process tree, to mails that a strict reader finds nothing wrong with."""

from pathlib import Path

import pytest

from tests import main_job
from tests.journeys.houses import running

READERS, FEW = 300, 36


@pytest.mark.timeout(300)
def test_every_reader_gets_a_mail_of_his_own_and_the_ledger_knows_it(tmp_path: Path) -> None:
    with running(tmp_path / "house", DEMO="0") as house:
        campaign_id = main_job.send(house, READERS)
        figures = main_job.prove(house, campaign_id, READERS)
    assert figures == dict.fromkeys(figures, READERS)


@pytest.mark.timeout(300)
def test_redis_carries_the_queue_of_a_whole_house(tmp_path: Path, redis_url: str) -> None:
    """Import, invitation, approval and sending are all nudged through Redis, and none through a file."""
    with running(tmp_path / "house", DEMO="0", QUEUE_URL=redis_url) as house:
        campaign_id = main_job.send(house, FEW)
        figures = main_job.prove(house, campaign_id, FEW)
        assert not list(house.instance.glob("queue*"))
    assert figures == dict.fromkeys(figures, FEW)
