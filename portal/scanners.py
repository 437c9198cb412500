"""Who follows links without reading: filters on the way of a mail, previews of messengers, programs."""

import re

from werkzeug.datastructures import Headers

# names that these programs tell themselves; Gmail's and Yahoo's picture proxies fetch when somebody opens a mail
_NAMES = re.compile(
    r"""(?<!cu)bots?\b|crawl|spider|scan|monitor|preview|fetch(?!.*proxy)|headless|phantom|lighthouse|slurp|validator
    |curl|wget|httpie|python|perl|ruby|java/|okhttp|go-http|libwww|lwp|axios|node|php|guzzle|httpclient|winhttp|aiohttp
    |barracuda|mimecast|proofpoint|fireeye|trend\s?micro|sophos|symantec|messagelabs|forcepoint|ironport|zscaler
    |bitdefender|kaspersky|avast|cyren|vade|hornetsecurity|retarus|safelinks|skypeuripreview|existencediscovery
    |facebookexternalhit|whatsapp/|slack-img|embedly|archive\.org""",
    re.I | re.X,
)
_AHEAD = ("purpose", "sec-purpose", "x-purpose", "x-moz")


def is_machine(headers: Headers) -> bool:
    """Whether a request says by itself that nobody is looking: its program, or that it only loads ahead."""
    agent = headers.get("User-Agent", "")
    if not agent.strip() or _NAMES.search(agent):
        return True
    return any(re.search("prefetch|prerender|preview", headers.get(name, ""), re.I) for name in _AHEAD)
