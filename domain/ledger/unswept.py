"""Rules of the suppression list that a claim asks itself, because their hits have no rows.

Own ones while their people are still being found (subscribers.sweeps): they come in the statement that looks at the
rows and at the list, so that there is no moment in which a rule is neither asked nor written out. Hardly ever is there
one; then the column is empty and costs a look into an index.

And always those of other tenants whose lists are released to this one: they have rows for their own people only.
"""

from collections.abc import Sequence
from typing import Any

from domain.db import is_postgres
from domain.ledger.states import LeftOut
from domain.subscribers import rules
from domain.subscribers.hitting import hits


def column(tenant_id: int, now: int) -> str:
    """SQL for `kind:value` of each own rule that is in force and not written out, one a line; NULL without any.
    Numbers only."""
    rule = "u.kind || ':' || u.value"
    lines = f"string_agg({rule}, chr(10))" if is_postgres() else f"group_concat({rule}, char(10))"
    return (
        f"(SELECT {lines} FROM suppression_rule u WHERE u.tenant_id = {int(tenant_id)} AND u.sweep_id > 0"  # noqa: S608
        f" AND (u.until IS NULL OR u.until > {int(now)}))"
    )


def stopped(rows: list[tuple[Any, ...]], reason: int) -> list[tuple[Any, ...]]:
    """The rows, whose columns at the end are `reason`, address key and what `column` gave, with the reason SUPPRESSED
    where one of the rules hits the address and nothing weightier stands there."""
    if not rows or not rows[0][-1]:
        return rows
    asked = [line.split(":", 1) for line in rows[0][-1].split("\n")]
    hit = {row[-2] for row in rows if any(hits(kind, value, row[-2]) for kind, value in asked)}
    return _left_out(rows, reason, hit)


def stopped_by(givers: Sequence[int], rows: list[tuple[Any, ...]], reason: int) -> list[tuple[Any, ...]]:
    """The same for all rules in force of other tenants whose lists hold here."""
    hit: set[str] = set()
    for giver in givers if rows else ():
        hit |= rules.matching(giver, {row[-2] for row in rows if row[reason] is None} - hit).keys()
    return _left_out(rows, reason, hit) if hit else rows


def _left_out(rows: list[tuple[Any, ...]], reason: int, keys: set[str]) -> list[tuple[Any, ...]]:
    return [
        (*row[:reason], int(LeftOut.SUPPRESSED), *row[reason + 1 :])
        if row[-2] in keys and row[reason] != LeftOut.NO_ADDRESS
        else row
        for row in rows
    ]
