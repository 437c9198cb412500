"""What became of the links when they were last followed."""

from dispatcher.preflight.facts import Facts
from dispatcher.preflight.findings import Findings, hint
from domain.errors import N_
from domain.issues import links
from domain.issues.models import LinkState

SAID = {
    LinkState.GONE: N_("A link leads to a page that does not exist (%(status)s): %(url)s"),
    LinkState.FAILED: N_("The server of a link answers with an error (%(status)s): %(url)s"),
    LinkState.UNKNOWN: N_("There is no server of this name: %(url)s"),
    LinkState.SILENT: N_("No answer, or no valid certificate: %(url)s"),
    LinkState.PRIVATE: N_("A link leads into a private network, where readers cannot go: %(url)s"),
}


def dead(facts: Facts) -> Findings:
    """Links that lead nowhere; those nobody has followed yet say nothing."""
    standing = links.standing(facts.tenant.id, [link.url for link in facts.links])
    for link in facts.links:
        known = standing.get(links.plain(link.url))
        if known is not None and known.state in SAID:
            yield hint(
                SAID[LinkState(known.state)], block_id=link.block_id, url=link.url[:120], status=known.status
            )
