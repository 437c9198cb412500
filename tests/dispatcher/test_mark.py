"""A restored or cloned installation does not send until an administrator says so."""

import shutil

import pytest

from dispatcher.engine.mark import Mark
from domain.campaigns.models import Campaign, CampaignStatus
from domain.ledger import marks
from domain.ledger.models import InstallationMark
from tests.dispatcher.mailing import mailing, tenant
from tests.dispatcher.sinks import Sink
from tests.dispatcher.test_deliver import finished, until
from tests.dispatcher.test_starting import sending


def looks(folder, times=1):
    """What a fresh process says after so many looks."""
    mark = Mark(folder, rise_s=0)
    return [mark.may_send() for _ in range(times)][-1]


@pytest.fixture
def house(database, tmp_path):
    """An installation that has sent for a while."""
    mailing(tenant(), 1)
    folder = tmp_path / "house"
    assert looks(folder, 5)
    return folder


def test_a_house_goes_on_sending_after_every_start(house):
    assert looks(house) and looks(house, 3) and not marks.doubtful()


def test_a_restored_database_does_not_send_until_somebody_says_so(house):
    InstallationMark.update(epoch=2).execute()  # as it was some minutes ago
    assert not looks(house) and not looks(house)
    (waiting,) = marks.doubtful()
    assert waiting.doubt == marks.RESTORED
    assert marks.confirm(waiting.id, 1) and not marks.confirm(waiting.id, 1)
    assert looks(house, 3) and looks(house)


def test_a_restored_or_lost_file_does_not_send(house):
    before = (house / "sending.mark").read_text()
    assert looks(house, 4)
    (house / "sending.mark").write_text(before)
    assert not looks(house)


def test_a_lost_file_does_not_send(house):
    (house / "sending.mark").unlink()
    assert not looks(house)
    assert marks.doubtful()[0].doubt == marks.FILE_GONE


def test_a_copied_folder_does_not_send_and_the_original_does(house, tmp_path):
    shutil.copytree(house, tmp_path / "copy")
    assert not looks(tmp_path / "copy")
    assert looks(house)
    assert marks.doubtful()[0].doubt == marks.NEW


def test_a_kill_between_file_and_database_is_no_doubt(house):
    mark = Mark(house, rise_s=0)
    mark._write(InstallationMark.get().epoch)
    assert looks(house, 2)


def test_an_empty_house_beside_an_old_file_may_begin(database, tmp_path):
    (tmp_path / "sending.mark").write_text('{"machine": "m", "epoch": 7, "next": 8}')
    assert looks(tmp_path, 2)


def test_nothing_leaves_a_copy_until_it_is_confirmed(database, tmp_path):
    campaign = mailing(tenant(), 5)
    assert looks(tmp_path, 4)
    InstallationMark.update(epoch=1).execute()
    with Sink().running() as sink, sending(tmp_path, database, sink):
        (waiting,) = until(marks.doubtful)
        assert Campaign.get_by_id(campaign.id).status == CampaignStatus.SENDING and not sink.accepted
        marks.confirm(waiting.id, 1)
        until(finished(campaign))
    assert len(sink.accepted) == 5
