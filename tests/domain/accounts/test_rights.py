"""Roles together: what one forbids none allows; duties and visits give rights for their place and time only."""

from datetime import timedelta

import pytest

from domain import clock
from domain.accounts import duties, policy, reasons, rolebook, rolemaking
from domain.accounts.models import DutyKind, Membership, Role, RolePermission, SupportVisit
from domain.accounts.permissions import Permission as P
from domain.audit.models import AuditEntry
from domain.errors import Forbidden, Invalid, NotFound
from domain.tenancy.models import Tenant
from tests import world as worlds
from tests.world import World


@pytest.fixture
def world(database: str) -> World:
    return worlds.build()


def role(world: World, name: str, allows: set[P] = frozenset(), forbids: set[P] = frozenset()) -> Role:
    made = Role.create(tenant_id=world.north.id, name=name)
    for p in allows:
        RolePermission.create(role=made, permission=p.value)
    for p in forbids:
        RolePermission.create(role=made, permission=p.value, denied=True)
    return made


def test_what_one_role_forbids_no_other_allows(world: World) -> None:
    never = role(world, "Never sends", {P.ISSUE_SEE}, {P.CAMPAIGN_SEND})
    Membership.create(tenant_id=world.north.id, user=world.chief_editor, role=never)
    rights = policy.rights_of(world.chief_editor, world.north.id)
    assert P.CAMPAIGN_SEND not in rights and P.APPROVAL_DECIDE in rights
    assert P.CAMPAIGN_SEND not in policy.rights_by_tenant(world.chief_editor)[world.north.id]
    assert world.chief_editor not in policy.people_with(P.CAMPAIGN_SEND, world.north.id)
    verdict = reasons.explain(world.chief_editor, world.north, P.CAMPAIGN_SEND)
    assert not verdict.allowed and verdict.reasons[0].role == never


def test_lifting_a_ban_is_granting(world: World) -> None:
    never = role(world, "Never sends", {P.ISSUE_SEE}, {P.CAMPAIGN_SEND})
    rights = policy.rights_of(world.editor, world.north.id)
    with pytest.raises(Forbidden):
        rolemaking.set_permissions(
            never, frozenset({P.ISSUE_SEE}), world.editor, rights, world.north.id, frozenset()
        )
    kept = rolebook.forbidden_by_role([never.id])[never.id]
    assert kept == {P.CAMPAIGN_SEND}


def test_the_page_says_why(world: World) -> None:
    said = reasons.explain(world.journalist, world.north, P.CAMPAIGN_SEND)
    assert not said.allowed and "switched off" in said.reasons[0].message
    assert reasons.explain(world.chief_editor, world.north, P.CAMPAIGN_SEND).allowed
    Membership.update(until=clock.now()).where(Membership.user == world.chief_editor).execute()
    ended = reasons.explain(world.chief_editor, world.north, P.CAMPAIGN_SEND)
    assert not ended.allowed and "ended" in ended.reasons[0].message
    assert not reasons.explain(world.south_editor, world.north, P.ISSUE_SEE).allowed


def test_a_duty_reaches_down_the_tree_and_not_aside(world: World) -> None:
    branch = Tenant.create(slug="branch", name="Branch", parent_id=world.north.id)
    duties.give(world.north, world.auditor, DutyKind.ADMINISTER, world.administrator)
    assert P.TENANT_EDIT in policy.rights_of(world.auditor, branch.id)
    assert branch in policy.tenants_of(world.auditor)
    assert not policy.rights_of(world.auditor, world.south.id).permissions
    assert P.TENANT_EDIT in policy.rights_by_tenant(world.auditor)[branch.id]
    (duty,) = duties.holders(world.north.id)
    duties.take(world.north, duty.id, world.administrator)
    assert not policy.rights_of(world.auditor, branch.id).permissions


def test_support_enters_for_a_reason_and_a_time(world: World) -> None:
    duties.give(world.south, world.auditor, DutyKind.SUPPORT, world.administrator)
    with pytest.raises(Invalid):
        duties.enter(world.auditor, world.south, " ")
    with pytest.raises(NotFound):
        duties.enter(world.auditor, world.north, "a look around")
    duties.enter(world.auditor, world.south, "Import fails, ticket 4711")
    rights = policy.rights_of(world.auditor, world.south.id)
    assert rights.visit and P.SUBSCRIBER_SEE in rights and P.CAMPAIGN_SEND not in rights
    entries = AuditEntry.select(AuditEntry.tenant_id).where(AuditEntry.act == "support.enter")
    assert {tenant_id for (tenant_id,) in entries.tuples()} == {0, world.south.id}
    SupportVisit.update(until=clock.now() - timedelta(seconds=1)).execute()
    assert not policy.rights_of(world.auditor, world.south.id).permissions
