"""Copy what another tenant has released: it then belongs to the receiver and stays whatever happens to the release."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from peewee import Model

from dispatcher.jobs import hosting
from dispatcher.rendering import render
from domain import clock
from domain.accounts import rolebook, rolemaking
from domain.accounts.models import Role, User
from domain.accounts.policy import Rights
from domain.audit import log
from domain.campaigns import planning
from domain.campaigns.models import Campaign
from domain.content.models import Article, ArticleState
from domain.db import database
from domain.errors import N_, Conflict, NotFound
from domain.issues import assembly, blocktemplates, fixing, mailtemplates, mediause
from domain.issues.models import Block, BlockKind, BlockTemplate, Issue, MailTemplate
from domain.quotas import granting
from domain.quotas import ledger as quotas
from domain.releases.models import Release
from domain.rollouts import aliases
from domain.segments import translating
from domain.segments.models import Segment
from domain.subscribers.models import NewsletterType
from domain.tenancy.models import Tenant
from mediadb import labels
from mediadb.models import Asset, Folder, Rendition

OBJECTS: dict[str, type[Model]] = {
    "article": Article, "folder": Folder, "issue": Issue, "template": MailTemplate, "segment": Segment,
    "campaign": Campaign, "role": Role, "block_template": BlockTemplate,
}  # fmt: skip


def original(release: Release) -> Model:
    """The object that a release names, as its owner has it; raises NotFound when it is gone."""
    model = OBJECTS.get(release.kind)
    found = model and model.get_or_none(model.tenant_id == release.tenant_id, model.id == release.object_id)
    if found is None:
        raise NotFound
    return found


def copy(release: Release, target: Tenant, user: User, rights: Rights) -> int:
    """Copy what `release` names into `target`; the id of the copy. The caller has asked whether it reaches there."""
    found = original(release)
    makers: dict[str, Callable[[], int]] = {
        "article": lambda: _article(found, target.id, user).id,
        "folder": lambda: _folder(found, target.id, user),
        "issue": lambda: _issue(found, target.id, user).id,
        "template": lambda: template(found, target, user).id,
        "block_template": lambda: _blocks(found, target.id, user),
        "segment": lambda: translating.segment(found, target.id, _free(Segment, target.id, found.name)).id,
        "campaign": lambda: _campaign(found, target, user).issue_id,
        "role": lambda: _role(found, target, user, rights),
    }
    with database.atomic():
        made = makers[release.kind]()
        log.record(
            target.id, "release.copy", user_id=user.id, kind=release.kind, object_id=made,
            details={"from": release.tenant_id, "original": release.object_id},
        )  # fmt: skip
    return made


def issue_into(found: Issue, target: Tenant, user: User) -> Issue:
    """Copy a whole issue into another tenant in which the person has rights: with pictures, and with its articles as
    own ones. The caller has asked for the rights in both. Both logs tell it."""
    with database.atomic():
        made = _issue(found, target.id, user)
        for tenant_id, object_id in ((found.tenant_id, found.id), (target.id, made.id)):
            log.record(
                tenant_id, "issue.copied", user_id=user.id, kind="issue", object_id=object_id,
                details={"from": found.tenant_id, "to": target.id},
            )  # fmt: skip
    return made


def parts_for(template: BlockTemplate, target_id: int) -> list[tuple[str, dict[str, Any]]]:
    """The blocks of a template as (kind, data), their pictures as the target's own."""
    return parts_between(template.parts, template.tenant_id, target_id)


def parts_between(
    parts: Iterable[Sequence[Any]], source_id: int, target_id: int
) -> list[tuple[str, dict[str, Any]]]:
    """Blocks of one tenant as (kind, data) that show pictures of another one."""
    if source_id == target_id:
        return [(kind, dict(data)) for kind, data in parts]
    return [(kind, hosting.own_data(data, source_id, target_id, asset)) for kind, data in parts]


def asset(
    source_tenant_id: int, asset_id: int | None, target_id: int, folder_id: int | None = None
) -> int | None:
    """The same file as a row of the target; the bytes lie once."""
    found = asset_id and Asset.get_or_none(Asset.tenant_id == source_tenant_id, Asset.id == asset_id)
    if not found:
        return None
    there = Asset.get_or_none(
        Asset.tenant_id == target_id, Asset.sha256 == found.sha256, Asset.trashed_at.is_null()
    )
    if there:
        return there.id
    values = _values(found, target_id) | {"folder_id": folder_id, "public_key": secrets.token_urlsafe(12)}
    made = Asset.create(**values)
    labels.write(made)
    for size in Rendition.select().where(
        Rendition.tenant_id == source_tenant_id, Rendition.asset_id == found.id
    ):
        Rendition.create(**(_values(size, target_id) | {"asset_id": made.id}))
    return made.id


def template(found: MailTemplate, target: Tenant, user: User) -> MailTemplate:
    """An own copy of a mail template with its logo; what its owner has fixed goes on to be asked there."""
    now = fixing.of(found)
    logo_id = asset(now.logo_tenant_id, now.design.logo_id, target.id)
    name = mailtemplates.next_name(target.id, found.name)
    return mailtemplates.duplicate(target.id, found, name, user.id, logo_id)


def _article(found: Article, target_id: int, user: User, again: bool = False) -> Article:
    """`again`: a copy that is there already and current will do."""
    if found.tenant_id == target_id:  # it comes home
        return found
    known = Article.get_or_none(
        Article.tenant_id == target_id, Article.origin_tenant_id == found.tenant_id, Article.origin_id == found.id,
        Article.state.in_([ArticleState.ACCEPTED, ArticleState.USED]), Article.updated_at >= found.updated_at,
    )  # fmt: skip
    if known is not None and again:  # copied before, and the original has not changed since
        return known
    now = clock.now()
    picture = asset(found.tenant_id, found.asset_id, target_id)
    return Article.create(
        **(
            _values(found, target_id)
            | {
                "author_id": user.id, "asset_id": picture, "state": ArticleState.ACCEPTED, "version": 1,
                "body": hosting.own(found.body, found.tenant_id, target_id, asset),
                "created_at": now, "updated_at": now, "origin_tenant_id": found.tenant_id, "origin_id": found.id,
            }
        )
    )  # fmt: skip


def _issue(found: Issue, target_id: int, user: User) -> Issue:
    """With its pictures; links to articles become copies of them."""
    made = assembly.create(target_id, _kind_like(found, target_id).id, user.id)
    Block.delete().where(Block.tenant_id == target_id, Block.issue_id == made.id).execute()
    made.subject, made.preheader, made.name = found.subject, found.preheader, found.name
    made.origin_tenant_id, made.origin_id = found.tenant_id, found.id
    made.save()
    blocks = assembly.blocks(found)
    articles = assembly.articles_of(found, blocks)
    for block in blocks:
        values = _values(block, target_id) | {
            "issue_id": made.id,
            "source_tenant_id": None,
            "segment_id": None,
        }
        if block.kind == BlockKind.ARTICLE:
            if block.article_id not in articles:
                continue
            values["article_id"] = _article(articles[block.article_id], target_id, user, True).id
        values["data"] = hosting.own_data(block.data, found.tenant_id, target_id, asset)
        values |= {"locked": False, "origin_id": None}
        Block.create(**values)
    mediause.note(made, assembly.blocks(made))
    return made


def _kind_like(found: Issue, target_id: int) -> NewsletterType:
    """The target's newsletter type with the same short name, else its first."""
    source = NewsletterType.get_or_none(
        NewsletterType.tenant_id == found.tenant_id, NewsletterType.id == found.type_id
    )
    known = list(
        NewsletterType.select().where(NewsletterType.tenant_id == target_id).order_by(NewsletterType.id)
    )
    if not known:
        raise NotFound(N_("There is no newsletter type here yet. Create one first."))
    return next((kind for kind in known if source and kind.slug == source.slug), known[0])


def _campaign(found: Campaign, target: Tenant, user: User) -> Campaign:
    """The issue with the plan of its mailing: lists and segments are the target's own of the same stand-in name."""
    source = assembly.get(found.tenant_id, found.issue_id)
    issue = _issue(source, target.id, user)
    sender = render.sender_of(target, _kind_like(source, target.id))
    made = planning.draft_for(issue, user.id, sender.name, sender.address, sender.reply_to)
    wanted = found.audience or {}
    lists = aliases.of_ids(found.tenant_id, "list", {int(i) for i in wanted.get("lists", [])})
    chosen = {key: int(wanted[key]) for key in ("segment", "exclude") if wanted.get(key)}
    segments = aliases.of_ids(found.tenant_id, "segment", set(chosen.values()))
    own_lists = aliases.by_word(target.id, "list", {word for word, _name in lists.values() if word})
    own_segments = aliases.by_word(target.id, "segment", {word for word, _name in segments.values() if word})
    for named, own in ((lists, own_lists), (segments, own_segments)):
        for word, name in named.values():
            if word not in own:  # rather none than a mailing to everybody
                raise Conflict(
                    N_("It goes to “%(name)s”. Give what you mean by it here the same stand-in name first."),
                    name=name,
                )
    made.audience = {
        **(made.audience or {}), "consents": wanted.get("consents", []), "lists": sorted(own_lists.values()),
        **{key: own_segments.get(segments.get(row_id, ("", ""))[0]) for key, row_id in chosen.items()},
    }  # fmt: skip
    for name in ("priority", "interval_count", "interval_s", "hold_uncertain"):
        setattr(made, name, getattr(found, name))
    made.save()
    return made


def _blocks(found: BlockTemplate, target_id: int, user: User) -> int:
    made = [Block(kind=kind, data=data) for kind, data in parts_for(found, target_id)]
    name = _free(BlockTemplate, target_id, found.name)
    return blocktemplates.keep(target_id, name, made, user.id).id


def _folder(found: Folder, target_id: int, user: User) -> int:
    """The folder with its files, without folders below it."""
    made = Folder.create(tenant_id=target_id, name=_free(Folder, target_id, found.name))
    files = Asset.select(Asset.id).where(
        Asset.tenant_id == found.tenant_id, Asset.folder_id == found.id, Asset.trashed_at.is_null()
    )
    for (asset_id,) in files.tuples():
        asset(found.tenant_id, asset_id, target_id, made.id)
    return made.id


def _role(found: Role, target: Tenant, user: User, rights: Rights) -> int:
    made = rolemaking.create_role(target.id, _free(Role, target.id, found.name), user)
    forbidden = rolebook.forbidden_by_role([found.id])[found.id]
    rolemaking.set_permissions(made, rolebook.permissions_of(found.id), user, rights, target.id, forbidden)
    mine = granting.own(target.id, user, rights)
    quotas.set_limits(made.id, granting.within(quotas.limits_of(found.id), mine))
    return made.id


def _values(row: Model, target_id: int) -> dict[str, object]:
    values = {f.name: getattr(row, f.name) for f in row._meta.sorted_fields if not f.primary_key}
    if "alias" in values:  # a stand-in name belongs to the tenant that gave it
        values["alias"] = ""
    return values | {"tenant_id": target_id}


def _free(model: type[Model], tenant_id: int, name: str) -> str:
    """`name`, or the first "name (2)" that is not taken in the tenant."""
    taken = {n for (n,) in model.select(model.name).where(model.tenant_id == tenant_id).tuples()}
    number, free = 2, name
    while free in taken:
        free = f"{name[:70]} ({number})"
        number += 1
    return free
