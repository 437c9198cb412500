"""Territories as choices of forms, and the words for what a person is bound to."""

from flask import g
from flask_babel import gettext
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from domain import bounds
from domain.campaigns.models import Campaign
from domain.tenancy import territory


def offer(field: SelectField, nothing: str) -> None:
    """Fill a select with the nodes that the person reaches. `nothing` is the choice of none, which somebody bound
    has not."""
    nodes = territory.every(g.tenant.id)
    none = [] if g.rights.territory and nodes else [SelectChoice(0, nothing)]
    field.choices = [*none, *(SelectChoice(node.id, node.path) for node in nodes)]
    if not field.raw_data and field.data not in [choice.value for choice in field.choices]:
        field.data = next((choice.value for choice in field.choices), 0)


def bound_to(nodes: list[territory.Place]) -> list[str]:
    """The paths of those among `nodes` (the tree) to which the person of this request is bound; empty: to none."""
    if not g.rights.territory:
        return []
    found = [node.path for node in nodes if node.id in g.rights.territory]
    return found or [gettext("a territory that is gone")]


def held_to(campaign: Campaign) -> list[str]:
    """The paths of the territories to whose people a mailing is held; empty: to nobody's."""
    if not campaign.territory_ids:
        return []
    with bounds.lifted("places are no people"):
        paths = territory.paths(g.tenant.id)
    return [paths.get(node_id, gettext("a territory that is gone")) for node_id in campaign.territory_ids]
