"""How numbers, dates and sizes are written: in the reader's language and the tenant's zone."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from babel import dates, numbers
from flask import Flask, g, url_for
from flask_babel import get_locale, get_timezone, gettext, ngettext
from markupsafe import Markup, escape

from domain import clock
from domain.content import markup
from portal import hypermedia

NBSP = "\u00a0"
# Parameters that count; others may be codes.
AMOUNTS = frozenset(
    {"limit", "count", "num", "mails", "people", "sent", "later", "failed", "left_out", "last"}
)
PLACE = 987_654_321_987_654  # stands for a number in an address, and in nothing else


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(
        {
            "date": long_date,
            "iso_day": lambda value: _local(value).isoformat(),  # for fields of type date
            "date_short": short_date,
            "datetime": long_moment,
            "datetime_short": short_moment,
            "time": clock_time,
            "month": month_name,
            "month_short": month_short,
            "weekday_short": weekday_short,
            "month_only": month_only,
            "compact": compact,
            "moment": clock.moment,
            "ago": ago,
            "birthday": birthday,
            "moment_words": moment_words,
            "time_today": time_today,
            "address": address,
            "form_words": form_words,
            "is_over": lambda value: value < _today(),  # a last day
            "instant": lambda value: _zoned(value).isoformat(
                timespec="seconds"
            ),  # RFC 3339, which wants seconds
            "iso": iso,
            "number": number,
            "percent": percent,
            "filesize": filesize,
            "initials": initials,
            "people": people,
            "translate": translate,
        }
    )
    app.jinja_env.globals.update(
        take_flashes=hypermedia.take_flashes,
        now=clock.now,
        language=lambda: str(get_locale()),
        numbered=numbered,
    )
    app.jinja_env.policies["ext.i18n.trimmed"] = True


def numbered(endpoint: str, name: str) -> Callable[[int], str]:
    """What makes the addresses of a view that differ in one number alone: for lists, where building every address
    by itself takes longer than the row around it."""
    values: dict[str, Any] = {name: PLACE}
    head, tail = url_for(endpoint, **values).split(str(PLACE))
    return lambda number: f"{head}{number:d}{tail}"


def translate(message: str, params: dict[str, object] | None = None) -> str:
    """A message id of the domain in the reader's language; the amounts in it written as numbers are here."""
    if not params:
        return gettext(message)
    shown = params if ")d" in message else {k: _amount(v) if k in AMOUNTS else v for k, v in params.items()}
    return gettext(message, **shown)


def _amount(value: object) -> object:
    """1.500 for 1500; whatever is no whole number stays."""
    return number(value) if isinstance(value, int) else value


def people(html: str) -> Markup:
    """People's HTML, cleaned once more; only for documents of their own (security.peoples_html)."""
    return Markup(markup.clean(html))  # noqa: S704 - that is what clean() is for


def initials(name: str) -> str:
    """KA for Katrin Albers."""
    words = [word for word in name.split() if word[0].isalpha() and not word.endswith(".")]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


def number(value: float | None) -> str:
    """12.480 in German, 12,480 in English; − for minus."""
    if value is None:
        return ""
    if isinstance(value, int):  # most of them; the rules of a locale take twenty times as long
        text = f"{value:,}" if _english() else f"{value:,}".replace(",", ".")
    else:
        text = numbers.format_decimal(value, locale=get_locale())
    return text.replace("-", "−")


def percent(value: float, digits: int = 0) -> str:
    """A share (0 to 1) as percent."""
    shown = numbers.format_decimal(round(value * 100, digits), locale=get_locale())
    return f"{shown}%" if _english() else f"{shown}{NBSP}%"


def filesize(value: int | None) -> str:
    """Bytes in the largest unit that reads well."""
    size, unit = float(value or 0), "B"
    for larger in ("KB", "MB", "GB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    shown = round(size, 1 if size < 10 and unit != "B" else 0)
    return number(int(shown) if shown.is_integer() else shown) + NBSP + unit


def long_date(value: date | datetime | None) -> str:
    """Freitag, 20. November 2026 / Friday 20 November 2026."""
    pattern = "EEEE d MMMM y" if _english() else "EEEE, d. MMMM y"
    return "" if value is None else dates.format_date(_local(value), pattern, locale=get_locale())


def short_date(value: date | datetime | None) -> str:
    """20. Nov. / 20 Nov; with the year when it is not this one."""
    if value is None:
        return ""
    local = _local(value)
    month = dates.get_month_names("abbreviated", locale=get_locale())[local.month]
    day = f"{local.day}{NBSP}{month}" if _english() else f"{local.day}.{NBSP}{month}"
    return day if local.year == _today().year else f"{day} {local.year}"


def month_name(value: date) -> str:
    """November 2026."""
    return dates.format_date(value, "MMMM y", locale=get_locale())


def month_only(value: date) -> str:
    """November."""
    return dates.format_date(value, "LLLL", locale=get_locale())


def compact(value: int) -> str:
    """For axes, where a long number would be cut off: 250, 12 k, 3 M; German writes Tsd. and Mio."""
    thousand, million = ("k", "M") if _english() else ("Tsd.", "Mio.")
    for size, unit in ((1_000_000, million), (1_000, thousand)):
        if value >= size:
            return f"{number(round(value / size, 1) if value % size else value // size)}{NBSP}{unit}"
    return number(value)


def month_short(value: date) -> str:
    """Nov."""
    return dates.format_date(value, "LLL", locale=get_locale())


def weekday_short(value: date) -> str:
    """Mo. or Mon"""
    return dates.format_date(value, "EEE", locale=get_locale())


def clock_time(value: datetime | None) -> str:
    """6:30 (with Uhr in German)."""
    if value is None:
        return ""
    text = _hour(_zoned(value))
    return text if _english() else f"{text}{NBSP}Uhr"


def long_moment(value: datetime | None) -> str:
    """Freitag, 20. November 2026, 6:30 Uhr."""
    return "" if value is None else f"{long_date(value)}, {clock_time(value)}"


def short_moment(value: datetime | None) -> Markup:
    """For tables: heute, 6:30 · gestern, 6:30 · 20. Nov., 6:30, as a time element."""
    if value is None:
        return Markup("")
    local = _zoned(value)
    hour = _hour(local)
    if local.date() == _today():
        day = gettext("today")
    elif local.date() == _today() - timedelta(days=1):
        day = gettext("yesterday")
    elif local.date() == _today() + timedelta(days=1):
        day = gettext("tomorrow")
    else:
        day = short_date(local.date())
    moment = local.isoformat(timespec="minutes")
    return Markup(f'<time datetime="{moment}">{escape(day)}, {hour}</time>')  # noqa: S704 - digits, a word escaped


def moment_words(value: datetime | None) -> str:
    """For sentences: heute um 6:30 Uhr · morgen um 6:30 Uhr · am 20. November um 6:30 Uhr."""
    if value is None:
        return ""
    days = (_zoned(value).date() - _today()).days
    hour = clock_time(value)
    if days == 0:
        return gettext("today at %(time)s", time=hour)
    if days == -1:
        return gettext("yesterday at %(time)s", time=hour)
    if days == 1:
        return gettext("tomorrow at %(time)s", time=hour)
    return gettext("on %(date)s at %(time)s", date=day_and_month(value), time=hour)


def birthday(value: str | None) -> str:
    """28. Februar 1990 of 1990-02-28; without the year where it is not known (0000)."""
    if not value:
        return ""
    known = not value.startswith("0000")
    try:
        day = date.fromisoformat(
            value if known else f"2000{value[4:]}"
        )  # a leap year, for the 29th of February
    except ValueError:  # old data that was never checked: better as it stands than no page
        return value
    pattern = (f"d{NBSP}MMMM" if _english() else f"d.{NBSP}MMMM") + (" y" if known else "")
    return dates.format_date(day, pattern, locale=get_locale())


def day_and_month(value: date | datetime) -> str:
    """20. November / 20 November; with the year when it is not this one."""
    pattern = f"d{NBSP}MMMM" if _english() else f"d.{NBSP}MMMM"
    local = _local(value)
    return dates.format_date(
        local, pattern + (" y" if local.year != _today().year else ""), locale=get_locale()
    )


def time_today(value: datetime | None) -> str | Markup:
    """The time alone if it was today, else with the day."""
    return clock_time(value) if value and _zoned(value).date() == _today() else short_moment(value)


def address(value: str | None) -> Markup:
    """A mail address that may break after the @ instead of anywhere."""
    return Markup("@<wbr>").join((value or "").split("@"))


def form_words(form: str | None) -> str:
    """Where a consent was given or taken, in words; the path of a public page stays as it is."""
    words = {
        "signup": gettext("sign-up form"),
        "confirm": gettext("confirmation page"),
        "unsubscribe": gettext("link in the mail"),
        "all": gettext("link in the mail"),
        "one-click": gettext("button of the mail program"),
        "preferences": gettext("preferences page"),
        "import": gettext("import"),
        "opt-in mail": gettext("opt-in mail"),
        "record": gettext("entered by hand"),
    }
    kind, _space, number = (form or "").partition(" ")
    if kind == "import" and number.isdecimal():
        return f"{words['import']} {number}"
    return words.get(form or "", form or "")


def ago(value: datetime | None) -> Markup:
    """Relative under an hour, else the short moment."""
    if value is None:
        return Markup("")
    minutes = int((clock.now() - value).total_seconds() // 60)
    if not 0 <= minutes < 60:
        return short_moment(value)
    text = (
        gettext("just now") if minutes < 1 else ngettext("%(num)s minute ago", "%(num)s minutes ago", minutes)
    )
    return Markup('<time datetime="{}">{}</time>').format(iso(value), escape(text))


def iso(value: datetime | date) -> str:
    """ISO 8601 in the tenant's zone."""
    return _zoned(value).isoformat(timespec="minutes") if isinstance(value, datetime) else value.isoformat()


def _hour(local: datetime) -> str:
    return f"{local.hour}:{local.minute:02}"


def _local(value: date | datetime) -> date:
    return _zoned(value).date() if isinstance(value, datetime) else value


def _zoned(value: datetime) -> datetime:
    return value.astimezone(get_timezone())


def _today() -> date:
    if "today" not in g:
        g.today = _zoned(clock.now()).date()
    return g.today


def _english() -> bool:
    locale = get_locale()
    return locale is not None and locale.language == "en"
