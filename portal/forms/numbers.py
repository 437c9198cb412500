"""Whole numbers as people type them."""

import re
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import IntegerField

GROUPED = re.compile(r"\d{1,3}(?:[.,'’\s]\d{3})+")


class WholeNumber(IntegerField):
    """An amount: 1500, and as well 1.500 and 1,500, which is how the pages write it themselves."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        typed = str(valuelist[0]).strip() if valuelist else ""
        if not typed:
            return
        try:
            self.data = int(re.sub(r"\D", "", typed) if GROUPED.fullmatch(typed) else typed)
        except ValueError:
            self.data = None  # type: ignore[assignment]
            raise ValueError(_l("Write a whole number in digits.")) from None
