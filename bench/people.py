"""Subscribers by the million, written set-wise: what a benchmark sends to is there before its clock starts."""

from peewee import Model

from domain import clock, db
from domain.subscribers.models import Consent, Subscriber, Subscription

_SERIES = {
    True: "FROM generate_series(1, %s) AS series(n)",
    False: "FROM (WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < ?) SELECT n FROM r)",
}
_ADDRESS = "'p' || n || '@x.example'"


def address(number: int) -> str:
    """Of the person with this number, from 1."""
    return f"p{number}@x.example"


def fill(tenant_id: int, type_id: int, count: int) -> None:
    """`count` people of the tenant, all confirmed for the newsletter type, with ids 1 to `count`."""
    with db.database.atomic():
        _insert(
            Subscriber,
            count,
            id="n",
            tenant_id=str(tenant_id),
            address=_ADDRESS,
            address_key=_ADDRESS,
            first_name="'Änne ' || n",
            last_name="'Müller'",
        )
        _insert(
            Subscription,
            count,
            tenant_id=str(tenant_id),
            subscriber_id="n",
            type_id=str(type_id),
            consent=f"'{Consent.CONFIRMED}'",
        )
    db.database.execute_sql("ANALYZE")


def _insert(model: type[Model], count: int, **expressions: str) -> None:
    """A row per number; columns without an expression get the model's default."""
    columns, parts, values = [], [], []
    for field in model._meta.sorted_fields:
        if field.name in expressions:
            parts.append(expressions[field.name])
        elif field.default is not None:
            value = field.default() if callable(field.default) else field.default
            parts.append("%s" if db.is_postgres() else "?")
            values.append(field.db_value(clock.now() if field.default is clock.now else value))
        else:
            continue
        columns.append(field.column_name)
    series = _SERIES[db.is_postgres()]
    db.database.execute_sql(
        f"INSERT INTO {model._meta.table_name} ({', '.join(columns)}) SELECT {', '.join(parts)} {series}",
        [*values, count],
    )
