"""Mails of large and of ended mailings are counted in the background, so that no page walks over a million."""

from domain.campaigns import tallies


def sweep() -> None:
    """Count what is due."""
    for campaign in tallies.due():
        tallies.keep(campaign)
