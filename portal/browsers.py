"""What a browser calls itself, in words that people recognise."""

_SYSTEMS = (
    ("iPhone", "iPhone", "device-mobile"), ("iPad", "iPad", "device-mobile"), ("Android", "Android", "device-mobile"),
    ("Windows", "Windows", "device-desktop"), ("Macintosh", "macOS", "device-desktop"),
    ("CrOS", "ChromeOS", "device-desktop"), ("Linux", "Linux", "device-desktop"),
)  # fmt: skip
_BROWSERS = (  # the order matters: most of them also say Chrome and Safari
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip


def described(agent: str) -> tuple[str, str, str]:
    """(browser, system, icon) of a User-Agent header; empty words for what we do not know."""
    browser = next((word for mark, word in _BROWSERS if mark in agent), "")
    system, icon = next(
        ((word, icon) for mark, word, icon in _SYSTEMS if mark in agent), ("", "device-desktop")
    )
    return browser, system, icon
