"""Write the migration that the models are ahead by: `python -m domain.migrations.build NAME`.

The difference is taken against a fresh SQLite database to which all existing migrations were applied, so that
nobody's own database matters. Read the file before committing it.
"""

import importlib
import re
import sys
import tempfile
from pathlib import Path

from peewee import Model, sort_models
from playhouse.migrations import Runner, template
from playhouse.schema_diff import SchemaDiff, diff_models

from domain import db

PACKAGES = ("domain", "mediadb")


def models() -> list[type[Model]]:
    """Every table of the house, parents first."""
    found: list[type[Model]] = []
    for package in PACKAGES:
        root = db.MIGRATIONS.parents[1] / package
        for path in sorted(root.rglob("models.py")):
            module = importlib.import_module(".".join(path.relative_to(root.parent).with_suffix("").parts))
            found += [
                value
                for value in vars(module).values()
                if isinstance(value, type)
                and issubclass(value, db.BaseModel)
                and value.__module__ == module.__name__
                and value.__name__ != "TenantModel"
            ]
    return list(sort_models(found))


def difference() -> SchemaDiff:
    """What the models have beyond the migrations."""
    with tempfile.TemporaryDirectory() as folder:
        bound = db.bind(f"sqlite:///{folder}/schema.db")
        with db.connection():
            ran = Runner(bound, str(db.MIGRATIONS)).up()
            return diff_models(bound, models()) if ran else SchemaDiff(models(), [], [], [], [])


def frozen(body: str) -> str:
    """The generated file without ties to our code: own fields become their column types, default callables
    (which work in Python, not in the table) are dropped."""
    body = re.sub(r"from domain\.db import \w+\n", "", body)
    body = body.replace("MomentField(", "BigIntegerField(").replace("JSONText(", "TextField(")
    body = re.sub(r"# TODO: .* must be added by hand\n", "", body)
    return (
        body.replace("from peewee import *", "from peewee import *  # noqa: F403")
        .replace("# Generated", '"""Generated', 1)
        .replace(".\nfrom", '."""\n\n# ruff: noqa\nfrom', 1)
    )


def main() -> None:
    diff = difference()
    if not diff:
        print("The migrations say what the models say.")
        return
    path = Runner(db.database.obj, str(db.MIGRATIONS)).create(
        sys.argv[1] if len(sys.argv) > 1 else "change", template(diff)
    )
    written = Path(path) if str(path).endswith(".py") else max(db.MIGRATIONS.glob("[0-9]*.py"))
    written.write_text(frozen(written.read_text()))
    print(written)


if __name__ == "__main__":
    main()
