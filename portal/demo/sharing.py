"""What the head office of the demo house has opened to its branch: a block template and an article."""

from domain.accounts.models import User
from domain.content.models import Article
from domain.issues import blocktemplates
from domain.issues.models import Block, BlockKind
from domain.releases import ledger
from domain.tenancy.models import Tenant

NAME = "Schreiben Sie uns"
TEXT = "<p>Was bewegt Sie gerade in Ihrem Ort? Schreiben Sie uns: Wir lesen jede Zuschrift und antworten auf jede.</p>"
BUTTON = {"label": "An die Redaktion schreiben", "url": "mailto:redaktion@lindenhof.example", "align": "left"}


def share(head: Tenant, branch: Tenant, article: Article, editor: User, administrator: User) -> None:
    """Both stand in the branch's lists, with their origin."""
    blocks = [Block(kind=BlockKind.TEXT, data={"html": TEXT}), Block(kind=BlockKind.BUTTON, data=BUTTON)]
    kept = blocktemplates.keep(head.id, NAME, blocks, editor.id)
    to = ledger.To((branch.id,))
    ledger.give(head, blocktemplates.KIND, kept.id, to, administrator)
    ledger.give(head, "article", article.id, to, administrator)
