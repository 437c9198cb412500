"""What can go wrong in the domain, in words for people.

Texts are English message ids, marked with `N_` so that the catalogue finds them; the portal translates
`message % params` when it shows them. Each says what is wrong and what to do next.
"""

from collections.abc import Mapping


def N_(text: str) -> str:
    """Mark `text` for the translation catalogue and return it unchanged."""
    return text


class DomainError(Exception):
    """Base of every refusal the domain makes; `message` is a message id, `params` fill its places."""

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message % params if params else message)
        self.message = message
        self.params = params


class NotFound(DomainError):
    """No such object for this tenant: a foreign id looks exactly like a missing one."""

    def __init__(
        self,
        message: str = N_("We could not find this. It may have been deleted or moved."),
        **params: object,
    ) -> None:
        super().__init__(message, **params)


class Forbidden(DomainError):
    """The person may see the object but not do this."""


class Conflict(DomainError):
    """The object has changed or its state does not allow the act; nothing was written."""


class Invalid(DomainError):
    """Input that cannot be taken. `fields` maps field name → message id (or `(id, params)`)."""

    def __init__(
        self,
        message: str = N_("Some entries need a correction."),
        fields: Mapping[str, str | tuple[str, dict[str, object]]] | None = None,
        **params: object,
    ) -> None:
        super().__init__(message, **params)
        self.fields = dict(fields or {})


class OverLimit(DomainError):
    """A ceiling is reached; `remaining` says how much is left of it."""

    def __init__(self, message: str, remaining: int = 0, **params: object) -> None:
        super().__init__(message, **params)
        self.remaining = remaining
