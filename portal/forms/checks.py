"""What several forms ask of a field."""

import re
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import Field, Form
from wtforms.validators import ValidationError

from domain.subscribers import addresses

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def trimmed(text: Any) -> Any:
    """Filter: without spaces around it, line ends as \\n."""
    return text.replace("\r\n", "\n").strip() if isinstance(text, str) else text


def one_line(_form: Form, field: Field) -> None:
    """Validator: may stand in a mail header."""
    if _CONTROL.search(field.data or ""):
        raise ValidationError(_l("Line breaks and control characters are not allowed here."))


def no_control(_form: Form, field: Field) -> None:
    """Validator: line breaks, but no other control characters."""
    if _CONTROL.search((field.data or "").replace("\n", "").replace("\t", "")):
        raise ValidationError(_l("Line breaks and control characters are not allowed here."))


def address(_form: Form, field: Field) -> None:
    """Validator: a mail address, put into its normal form; an empty field passes."""
    if not field.data:
        return
    try:
        field.data = addresses.parse(field.data).written
    except addresses.BadAddress as error:
        raise ValidationError(gettext(error.message)) from None
