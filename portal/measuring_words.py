"""How far openings and clicks are counted, in the words of forms."""

from collections.abc import Sequence

from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from domain.tenancy import measuring
from domain.tenancy.measuring import Measuring


def word(value: object) -> str:
    """One answer as the end of a sentence that says what becomes of openings and clicks."""
    return {
        Measuring.OFF: _("are not counted"), Measuring.NUMBERS: _("as numbers, without persons"),
        Measuring.PEOPLE: _("per person"),
    }[measuring.of(value)]  # fmt: skip


def choices(first: str, most: object = Measuring.PEOPLE) -> Sequence[SelectChoice]:
    """The answers up to `most` behind a `first` one that adds nothing."""
    return [SelectChoice("", first), *(SelectChoice(str(mode), word(mode)) for mode in measuring.up_to(most))]
