"""What the tests save because they make the application anew for each: a start of it costs little, a thousand much."""

from collections.abc import Callable
from types import MethodType
from typing import Any, cast

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

from portal.factory import create_app
from portal.settings import Settings

COMPILED: dict[tuple[object, ...], dict[str, Any]] = {}  # a route → what its rule has found out about it


class LateRule(Rule):
    """Is compiled once for all applications of this process; what builds its address not before the first address is
    built: most of the routes never need it."""

    _builders: tuple[Callable[..., tuple[str, str]], ...]

    def compile(self) -> None:
        route = (self.rule, self.subdomain, self.host, self.merge_slashes, repr(self.defaults))
        if route not in COMPILED:
            super().compile()
            COMPILED[route] = {
                "_parts": self._parts, "_trace": self._trace, "_converters": self._converters,
                "arguments": self.arguments,
                "_builders": (self._compile_builder(False), self._compile_builder(True)),
            }  # fmt: skip
        vars(self).update(COMPILED[route])
        self._build, self._build_unknown = (
            cast(Callable[..., tuple[str, str]], MethodType(builder, self)) for builder in self._builders
        )

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
