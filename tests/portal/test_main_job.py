"""The main job over HTTP, through the whole process tree, to mails that a strict reader finds nothing wrong with."""

from pathlib import Path

import pytest

from tests import main_job
from tests.journeys.houses import running

READERS = 300


@pytest.mark.timeout(300)
def test_every_reader_gets_a_mail_of_his_own_and_the_ledger_knows_it(tmp_path: Path) -> None:
    with running(tmp_path / "house", DEMO="0") as house:
        campaign_id = main_job.send(house, READERS)
        figures = main_job.prove(house, campaign_id, READERS)
    assert figures == dict.fromkeys(figures, READERS)
