"""Mails of large and of ended mailings are counted in the background, so that no page walks over a million."""

from domain.campaigns import figures, tallies


def sweep() -> None:
    """Count what is due."""
    for campaign in tallies.due():
        figures.keep(campaign)
