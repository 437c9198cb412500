"""A small mailing is not delayed by another tenant's large one, not in the pump and not where rows are claimed."""

from dispatcher.worker import Deliver
from tests.dispatcher.mailing import EngineSettings, mailing, tenant
from tests.dispatcher.sinks import Sink
from tests.dispatcher.test_deliver import QUICK, finished, until


def run(database, tmp_path, small):
    """Let a large mailing run, then the small one; returns the recipients in the order of their mails."""
    with Sink().running() as sink:
        url = f"smtp://127.0.0.1:{sink.port}?connections=4"
        engine = Deliver(EngineSettings(tmp_path, database, url), QUICK)
        engine.start()
        try:
            until(lambda: len(sink.accepted) > 300)
            campaign = small()
            engine.wake()
            until(finished(campaign), 40)
        finally:
            engine.stop(20)
        return [to for to, _ in sink.accepted]


def test_a_hundred_mails_pass_a_hundred_times_as_many_of_another_tenant(database, tmp_path):
    mailing(tenant("large"), 10_000, first=100_000)
    order = run(database, tmp_path, lambda: mailing(tenant("small"), 100))
    small = [n for n, to in enumerate(order) if len(to) < len("p99999@x.example")]
    between = small[-1] - small[0] + 1
    # turn by turn: about as many of the large one go meanwhile; a queue in order would let all ten thousand go first
    assert len(small) == 100 and between <= 100 * 4


def test_within_a_tenant_the_higher_priority_goes_first(database, tmp_path):
    owner = tenant("one")
    mailing(owner, 3_000, first=100_000)
    order = run(database, tmp_path, lambda: mailing(owner, 100, priority=1))
    small = [n for n, to in enumerate(order) if len(to) < len("p99999@x.example")]
    assert small[-1] - small[0] < 1_000  # between two claims the rows that are at hand may go
