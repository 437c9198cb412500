"""A tenant's tree of territories: federation, states, districts. People belong to a node; whoever is bound to one
reaches only the people there and below (domain.bounds)."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain import bounds
from domain.audit import log
from domain.db import database
from domain.errors import N_, Conflict, Invalid, NotFound
from domain.tenancy.models import TerritoryNode

DEEPEST = 12
SEPARATOR = " › "  # between the names of a path, as people read and as a column of a file may say it


@dataclass(frozen=True)
class Place:
    """A node as the tree shows it: its depth (0 at the top), and its name with those above it."""

    id: int
    name: str
    parent_id: int | None
    depth: int
    path: str
    has_children: bool


def every(tenant_id: int) -> list[Place]:
    """The whole tree, each node behind its parent, siblings by name. To somebody bound: his nodes and below."""
    below: dict[int | None, list[tuple[int, str, int | None]]] = {}
    for row in _rows(tenant_id):
        below.setdefault(row[2], []).append(row)
    bound = _bound_in(tenant_id)
    found: list[Place] = []

    def walk(parent_id: int | None, depth: int, above: str, seen: bool) -> None:
        for node_id, name, own_parent in below.get(parent_id, []):
            path = f"{above}{SEPARATOR}{name}" if above else name
            inside = seen or bound is None or node_id in bound.roots
            if inside:
                found.append(Place(node_id, name, own_parent, depth, path, node_id in below))
            walk(node_id, depth + 1, path, inside)

    walk(None, 0, "", False)
    return found


def place(tenant_id: int, node_id: int) -> Place:
    """One node with its path; raises NotFound, also beyond the territory of the person at work."""
    for found in every(tenant_id):
        if found.id == node_id:
            return found
    raise NotFound


def paths(tenant_id: int) -> dict[int, str]:
    """Id → path, for showing where people belong."""
    return {found.id: found.path for found in every(tenant_id)}


def below(tenant_id: int, roots: Iterable[int]) -> tuple[int, ...]:
    """Ids of `roots` and of all nodes below them, in one query; nodes that are gone are left out."""
    children: dict[int | None, list[int]] = {}
    known = set()
    for node_id, _name, parent_id in _rows(tenant_id):
        children.setdefault(parent_id, []).append(node_id)
        known.add(node_id)
    found: set[int] = set()
    waiting = [root for root in roots if root in known]
    while waiting:
        node_id = waiting.pop()
        if node_id not in found:
            found.add(node_id)
            waiting += children.get(node_id, [])
    return tuple(sorted(found))


def bound(tenant_id: int, roots: Iterable[int], user_id: int = 0) -> bounds.Bound | None:
    """What holds for somebody bound to `roots`; None for no roots. Nodes that are gone leave nobody."""
    wanted = tuple(sorted(set(roots)))
    return bounds.Bound(tenant_id, wanted, below(tenant_id, wanted), user_id) if wanted else None


def named(tenant_id: int) -> dict[str, int]:
    """Folded path, or the end of one (at least the name) where only one node has it, → id; for columns of files."""
    whole: dict[str, int] = {}
    ends: dict[str, list[int]] = {}
    for node in every(tenant_id):
        parts = folded(node.path).split("›")
        whole["›".join(parts)] = node.id
        for start in range(1, len(parts)):
            ends.setdefault("›".join(parts[start:]), []).append(node.id)
    return {end: ids[0] for end, ids in ends.items() if len(ids) == 1} | whole


def folded(text: str) -> str:
    """How names and paths are compared: without case and blanks, `/` and `>` as `›`."""
    parts = text.replace("/", "›").replace(">", "›").casefold().split("›")
    return "›".join(" ".join(part.split()) for part in parts)


def create(tenant_id: int, name: str, parent_id: int | None, user_id: int) -> TerritoryNode:
    """A new node; raises Invalid (name), NotFound (parent)."""
    _may_change_below(tenant_id, parent_id)
    name = _name(tenant_id, name, parent_id)
    with database.atomic():
        made = TerritoryNode.create(tenant_id=tenant_id, name=name, parent_id=parent_id)
        _log(made, "territory.create", user_id, {"name": name})
    return made


def rename(tenant_id: int, node_id: int, name: str, user_id: int) -> None:
    """Another name; raises Invalid, NotFound."""
    node = _own(tenant_id, node_id)
    before, node.name = node.name, _name(tenant_id, name, node.parent_id, node.id)
    if node.name != before:
        with database.atomic():
            node.save()
            _log(node, "territory.rename", user_id, {"before": before, "after": node.name})


def move(tenant_id: int, node_id: int, parent_id: int | None, user_id: int) -> None:
    """Below another node (None: to the top), with all that stands below; raises Conflict for a ring."""
    node = _own(tenant_id, node_id)
    _may_change_below(tenant_id, parent_id)
    if parent_id is not None and parent_id in below(tenant_id, [node.id]):
        raise Conflict(N_("A territory cannot stand below itself. Choose another place."))
    _name(tenant_id, node.name, parent_id, node.id)
    if parent_id == node.parent_id:
        return
    with database.atomic():
        before, node.parent_id = node.parent_id, parent_id
        node.save()
        _log(node, "territory.move", user_id, {"before": before, "after": parent_id})


def delete(tenant_id: int, node_id: int, user_id: int) -> None:
    """Take away a node without nodes below; that nobody belongs to it is asked by subscribers.places. Raises
    Conflict."""
    node = _own(tenant_id, node_id)
    with database.atomic():
        if TerritoryNode.select().where(
            TerritoryNode.tenant_id == tenant_id, TerritoryNode.parent_id == node.id
        ).exists():  # fmt: skip
            raise Conflict(N_("Other territories stand below this one. Move or delete them first."))
        node.delete_instance()
        _log(node, "territory.delete", user_id, {"name": node.name})


def get(tenant_id: int, node_id: int) -> TerritoryNode:
    """A node of the tenant within the territory of the person at work; raises NotFound."""
    found = TerritoryNode.get_or_none(TerritoryNode.tenant_id == tenant_id, TerritoryNode.id == node_id)
    bound = _bound_in(tenant_id)
    if found is None or (bound and found.id not in bound.nodes):
        raise NotFound
    return found


def _own(tenant_id: int, node_id: int) -> TerritoryNode:
    """A node that the person at work may change: somebody bound changes what stands below his own, not that."""
    node = get(tenant_id, node_id)
    bound = _bound_in(tenant_id)
    if bound and node.id in bound.roots:
        bounds.refuse_beyond()
    return node


def _may_change_below(tenant_id: int, parent_id: int | None) -> None:
    if parent_id is None:
        bounds.refuse_beyond()
    else:
        get(tenant_id, parent_id)


def _name(tenant_id: int, text: str, parent_id: int | None, node_id: int = 0) -> str:
    name = " ".join(text.split())
    if not name or len(name) > 120 or any(ord(c) < 32 for c in name) or "›" in name:
        raise Invalid(fields={"name": N_("Enter a name of at most 120 characters.")})
    siblings = TerritoryNode.select(TerritoryNode.name).where(
        TerritoryNode.tenant_id == tenant_id,
        TerritoryNode.parent_id.is_null() if parent_id is None else TerritoryNode.parent_id == parent_id,
        TerritoryNode.id != node_id,
    )
    if any(folded(other) == folded(name) for (other,) in siblings.tuples()):
        raise Invalid(fields={"name": N_("A territory with this name stands here already.")})
    if parent_id is not None and place(tenant_id, parent_id).depth + 2 > DEEPEST:
        raise Invalid(fields={"name": N_("The tree would become too deep.")})
    return name


def _rows(tenant_id: int) -> list[tuple[int, str, int | None]]:
    query = TerritoryNode.select(TerritoryNode.id, TerritoryNode.name, TerritoryNode.parent_id)
    return list(query.where(TerritoryNode.tenant_id == tenant_id).order_by(TerritoryNode.name).tuples())


def _bound_in(tenant_id: int) -> bounds.Bound | None:
    bound = bounds.current()
    return bound if bound and bound.tenant_id == tenant_id else None


def _log(node: TerritoryNode, act: str, user_id: int, details: dict[str, object]) -> None:
    log.record(node.tenant_id, act, user_id=user_id, kind="territory", object_id=node.id, details=details)
