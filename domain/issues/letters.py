"""Plain mailings: a subject and one text as somebody writes it, with a picture, without blocks and frame."""

from typing import Any

from domain.db import database
from domain.errors import N_, Invalid, NotFound
from domain.issues import assembly
from domain.issues.models import PLAIN, Block, BlockKind, Issue, IssueKind
from domain.subscribers import types


def create(
    tenant_id: int, type_id: int, user_id: int, name: str, letter_kind: IssueKind = IssueKind.LETTER
) -> Issue:
    """An empty letter to people of a newsletter type, with its greeting; an opt-in mail asks for the consent itself.
    Raises Invalid for an opt-in mail of a type that nobody signs up for."""
    kind = types.get(tenant_id, type_id)
    if letter_kind == IssueKind.OPT_IN and (kind.closed or not kind.active):
        raise Invalid(N_("Nobody signs up for this newsletter type, so nobody can be asked for consent."))
    greeting = "[Salutation|Hello]," if kind.language == "en" else "[Briefanrede|Guten Tag],"
    with database.atomic():
        letter = Issue.create(
            tenant_id=tenant_id,
            type_id=type_id,
            kind=letter_kind,
            name=name[:120],
            created_by_id=user_id,
        )
        values: tuple[tuple[BlockKind, dict[str, Any]], ...] = (
            (BlockKind.TEXT, {"html": f"<p>{greeting}</p>"}),
            (BlockKind.PICTURE, {"asset_id": None, "alt": ""}),
        )
        for position, (block_kind, data) in enumerate(values, 1):
            Block.create(
                tenant_id=tenant_id, issue_id=letter.id, position=position, kind=block_kind, data=data
            )
    return letter


def get(tenant_id: int, issue_id: int) -> Issue:
    """A letter of the tenant; raises NotFound, also for an issue made of blocks."""
    found = assembly.get(tenant_id, issue_id)
    if found.kind not in PLAIN:
        raise NotFound
    return found


def parts(letter: Issue) -> tuple[Block, Block]:
    """(text, picture) of a letter."""
    found = {block.kind: block for block in assembly.blocks(letter)}
    if BlockKind.TEXT not in found or BlockKind.PICTURE not in found:
        raise NotFound
    return found[BlockKind.TEXT], found[BlockKind.PICTURE]


def write(letter: Issue, subject: str, preheader: str, html: str, picture: dict[str, Any]) -> None:
    """Save what stands in the letter; `picture`: asset_id, alt. All of it or nothing. Raises Invalid, Conflict."""
    text, image = parts(letter)
    with database.atomic():
        assembly.set_head(letter, subject=subject, preheader=preheader, name=subject or None)
        assembly.edit(letter, text, {"html": html})
        assembly.edit(letter, image, picture)
