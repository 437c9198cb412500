"""Media of folders that are approved: none goes into a mail before its own approval."""

from dispatcher.preflight.facts import Facts
from dispatcher.preflight.findings import Finding, Findings, Place
from domain.errors import N_
from domain.issues.blocks import assets
from mediadb import approving, library


def media(facts: Facts) -> Findings:
    by_asset = {asset_id: b.id for b in facts.blocks for asset_id in assets(b.data)}
    used = library.many(facts.tenant.id, sorted(by_asset)) | library.of_articles(facts.articles.values())
    by_asset |= {a.asset_id: b.id for b in facts.blocks if (a := facts.articles.get(b.article_id or 0))}
    for asset in approving.uncleared(facts.tenant.id, used.values()).values():
        yield Finding(
            True, N_("“%(title)s” waits for its own approval and may not be used yet."),
            {"title": asset.title or asset.filename}, by_asset.get(asset.id), Place.ISSUE, asset.id,
        )  # fmt: skip
