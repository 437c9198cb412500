"""When a deferred mail is tried again, and when we give up. Hot, standard library only."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE = 60


@dataclass(frozen=True)
class Backoff:
    """Growing delays, the last one repeats; each is moved by up to `jitter` of itself either way."""

    delays_s: tuple[int, ...] = (5 * MINUTE, 10 * MINUTE, 20 * MINUTE, 40 * MINUTE, 67 * MINUTE)  # as Postfix
    jitter: float = 0.2
    give_up_s: int = 5 * 24 * 3600  # RFC 5321 4.5.4.1
    uncertain_s: int = 15 * MINUTE  # after a connection that broke behind the final dot

    def next_at(self, attempt: int, first_at: int, now: int, chance: float) -> int | None:
        """Epoch second of the attempt after `attempt` (1: the first); None: `first_at` is too long ago.

        `chance` in [0, 1) decides the jitter.
        """
        if now - first_at >= self.give_up_s:
            return None
        delay_s = self.delays_s[min(max(attempt, 1), len(self.delays_s)) - 1]
        return now + round(delay_s * (1 + self.jitter * (2 * chance - 1)))
