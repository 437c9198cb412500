"""Why the house put an address on the suppression list, in words."""

from typing import Any

from flask_babel import gettext as _

from domain.errors import N_
from domain.subscribers.automatic import Rule

RULES: dict[str, str] = {
    Rule.REFUSED: N_("Rule: the mail server refused the address for good"),
    Rule.RETURNED: N_("Rule: the mail came back because the address takes none"),
    Rule.COMPLAINED: N_("Rule: the reader reported the mail as spam"),
}


def said(row: Any) -> str:
    """The reason of an entry or a rule as one text."""
    auto = getattr(row, "auto", "")
    return ": ".join(filter(None, (_(RULES[auto]) if auto in RULES else "", row.reason)))
