"""The schema as the models and the migrations tell it."""

from peewee import CharField

from domain import db
from domain.migrations import build


def test_default_of_every_text_fits_its_column() -> None:
    """SQLite does not look at lengths; PostgreSQL refuses what is longer."""
    texts = [
        (f"{model.__name__}.{field.name}", field.default, field.max_length)
        for model in build.models()
        for field in model._meta.sorted_fields
        if isinstance(field, CharField) and isinstance(field.default, str)
    ]
    assert texts
    assert [name for name, default, most in texts if len(default) > most] == []


def test_choices_of_a_relay_fit_its_column(database: object) -> None:
    from domain.senders.models import Relay

    for security in ("off", "opportunistic", "required", "tls"):
        row = Relay.create(name=security, host="mx.example", security=security)
        assert Relay.get_by_id(row.id).security == security


@db.unscoped("reads the schema, not rows")
def test_migrations_say_what_the_models_say() -> None:
    bound = db.database.obj
    try:
        assert not build.difference()
    finally:
        db.database.initialize(bound)
