"""Whose mail goes next: system mails first, then round robin over tenants. Hot, standard library only."""

from __future__ import annotations

from collections import deque

from dispatcher.engine.pipeline import Run
from dispatcher.transport.protocol import Mail


class Rotation:
    """What waits for one relay. A tenant with a million mails gets every second turn beside one with ten."""

    def __init__(self) -> None:
        self.system: deque[Mail] = deque()
        self._tenants: deque[list[Run]] = deque()

    def add(self, run: Run) -> None:
        """Let a campaign take part; within a tenant the higher priority goes first, then the older one."""
        for runs in self._tenants:
            if runs[0].tenant_id == run.tenant_id:
                runs.append(run)
                runs.sort(key=lambda r: (-r.priority, r.campaign_id))
                return
        self._tenants.append([run])

    def remove(self, run: Run) -> None:
        for runs in self._tenants:
            if run in runs:
                runs.remove(run)
                if not runs:
                    self._tenants.remove(runs)
                return

    def next(self) -> Run | None:
        """The campaign whose turn it is among those with rows at hand."""
        for _ in range(len(self._tenants)):
            runs = self._tenants[0]
            self._tenants.rotate(-1)
            for run in runs:
                if run.rows:
                    return run
        return None

    @property
    def runs(self) -> list[Run]:
        return [run for runs in self._tenants for run in runs]

    def waiting(self) -> int:
        """Mails at hand."""
        return len(self.system) + sum(len(run.rows) for runs in self._tenants for run in runs)
