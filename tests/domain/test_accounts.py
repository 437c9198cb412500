"""People, roles, sessions and the log."""

import pytest

from domain import tokens
from domain.accounts import passwords, people, policy, rolemaking, sessions
from domain.accounts.models import Role, User, UserSession
from domain.accounts.permissions import SENTENCES, STARTERS, Permission
from domain.audit import log
from domain.audit.models import AuditEntry
from domain.errors import Conflict, Forbidden, Invalid, NotFound
from tests.world import PASSWORD, World


def test_every_right_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Permission)
    assert STARTERS["administrator"][1] == frozenset(Permission)


def test_rights_hold_only_in_the_tenant_of_the_membership(world: World) -> None:
    assert Permission.ISSUE_EDIT in policy.rights_of(world.editor, world.north.id)
    assert not policy.rights_of(world.editor, world.south.id).permissions


def test_a_right_that_is_withdrawn_is_gone_at_once(world: World) -> None:
    rights = policy.rights_of(world.administrator, world.north.id)
    rolemaking.set_permissions(
        world.roles["editor"], frozenset(), world.administrator, rights, world.north.id
    )
    assert Permission.ISSUE_EDIT not in policy.rights_of(world.editor, world.north.id)


def test_nobody_grants_a_right_that_he_lacks(world: World) -> None:
    role = Role.create(tenant_id=world.north.id, name="Helper")
    rights = policy.rights_of(world.editor, world.north.id)
    with pytest.raises(Forbidden):
        rolemaking.set_permissions(
            role, frozenset({Permission.USER_EDIT}), world.editor, rights, world.north.id
        )
    with pytest.raises(Forbidden):
        people.set_roles(
            world.north.id, world.journalist, [world.roles["administrator"].id], world.editor, rights
        )


def test_somebody_is_left_who_administers_people(world: World) -> None:
    rights = policy.rights_of(world.administrator, world.north.id)
    with pytest.raises(Conflict):
        people.set_roles(
            world.north.id, world.administrator, [world.roles["editor"].id], world.administrator, rights
        )
    assert Permission.USER_EDIT in policy.rights_of(world.administrator, world.north.id)


def test_inviting_a_known_address_adds_a_role_and_no_second_account(world: World) -> None:
    rights = policy.rights_of(world.administrator, world.north.id)
    user, made = people.invite(
        world.north.id,
        world.south_editor.email.upper(),
        "X",
        [world.roles["editor"].id],
        world.administrator,
        rights,
    )
    assert (user.id, made) == (world.south_editor.id, False)
    assert len(policy.tenants_of(user)) == 2


def test_another_tenants_person_looks_like_a_missing_one(world: World) -> None:
    with pytest.raises(NotFound):
        people.member(world.north.id, world.south_editor.id)


def test_wrong_and_unknown_sign_ins_look_alike(world: World) -> None:
    assert sessions.check("editor@people.example", PASSWORD) == world.editor
    assert sessions.check(" EDITOR@people.example", PASSWORD) == world.editor
    assert sessions.check("editor@people.example", "wrong") is None
    assert sessions.check("nobody@people.example", PASSWORD) is None


def test_a_new_password_ends_every_other_session_and_old_reset_links(world: World) -> None:
    here, there = sessions.begin(world.editor), sessions.begin(world.editor)
    link = sessions.reset_token(world.editor)
    sessions.change_password(world.editor, "another long sentence", except_secret=here)
    assert sessions.find(here) and not sessions.find(there)
    with pytest.raises(tokens.BadToken):
        sessions.user_of_reset(link)


def test_the_table_of_sessions_opens_no_door(world: World) -> None:
    secret = sessions.begin(world.editor)
    assert secret not in {row.token_hash for row in UserSession.select()}


def test_deactivated_people_are_out_at_once(world: World) -> None:
    secret = sessions.begin(world.editor)
    rights = policy.rights_of(world.administrator, world.north.id)
    people.deactivate(world.north.id, world.editor, world.administrator, rights)
    assert sessions.find(secret) is None
    assert sessions.check(world.editor.email, PASSWORD) is None


def test_short_passwords_are_refused() -> None:
    with pytest.raises(Invalid):
        passwords.hash_password("short")


def test_an_invitation_works_until_a_password_is_set(world: World) -> None:
    user = User.create(email="new@people.example", name="New")
    token = people.invitation(user)
    assert people.user_of_invitation(token) == user
    sessions.change_password(user, "a long enough one")
    with pytest.raises(tokens.BadToken):
        people.user_of_invitation(token)


def test_the_log_notices_a_changed_entry(world: World) -> None:
    for number in range(3):
        log.record(world.north.id, "test", details={"n": number})
    assert log.verify(world.north.id) is None
    AuditEntry.update(details={"n": 9}).where(
        AuditEntry.tenant_id == world.north.id, AuditEntry.number == 2
    ).execute()
    assert log.verify(world.north.id) == 2
