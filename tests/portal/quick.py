"""What the tests save because they make the application anew for each: a start of it costs little, a thousand much."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

from portal.factory import create_app
from portal.settings import Settings


class LateRule(Rule):
    """Compiles what builds its address when the first address is built: most of the routes never need it."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        made: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            if not made:
                made.append(Rule._compile_builder(rule, append_unknown))
            return made[0](rule, **values)

        return build


class Remembered(BytecodeCache):
    """Compiled templates of all applications of this process."""

    def __init__(self) -> None:
        self._found: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._found:
            bucket.bytecode_from_string(self._found[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._found[bucket.key] = bucket.bytecode_to_string()


TEMPLATES = Remembered()


def application(settings: Settings) -> Flask:
    """The application as the house makes it."""
    usual, Flask.url_rule_class = Flask.url_rule_class, LateRule
    try:
        app = create_app(settings)
    finally:
        Flask.url_rule_class = usual
    app.jinja_env.bytecode_cache = TEMPLATES
    return app
