"""`rundbrief user add`: a way into the house from its terminal."""

import secrets

from email_validator import EmailNotValidError, validate_email

from domain import db
from domain.accounts import rolebook
from domain.accounts.models import Membership, Role, User
from domain.accounts.passwords import hash_password
from domain.audit import log
from domain.errors import Invalid, NotFound
from domain.tenancy import tree
from domain.tenancy.models import Tenant


def add_person(email: str, name: str, tenant_slug: str, role_key: str) -> list[str]:
    """Create the person unless known, give the role in the tenant; returns lines for the terminal.

    `role_key` is the key of a starter role or the name of a role of that tenant. Raises DomainError.
    """
    address = _address(email)
    with db.connection(), db.database.atomic():
        tenant = _tenant(tenant_slug)
        role = _role(tenant, role_key)
        user = User.get_or_none(User.email == address)
        lines = []
        if user is None:
            password = secrets.token_urlsafe(12)
            user = User.create(
                email=address, name=name or address.partition("@")[0], password_hash=hash_password(password)
            )
            lines.append(f"Created {address} with the password {password}")
        _, is_new = Membership.get_or_create(tenant_id=tenant.id, user=user, role=role)
        if is_new:
            log.record(
                tenant.id, "membership.added", kind="user", object_id=user.id, details={"role": role.name}
            )
        lines.append(
            f"{address} {'now holds' if is_new else 'already held'} the role {role.name} in {tenant.name}"
        )
        return lines


def _address(email: str) -> str:
    try:
        return validate_email(email, check_deliverability=False, test_environment=True).normalized.casefold()
    except EmailNotValidError as error:
        raise Invalid(str(error)) from None


def _tenant(slug: str) -> Tenant:
    try:
        return tree.by_slug(slug)
    except NotFound:
        known = ", ".join(t.slug for t in Tenant.select(Tenant.slug).order_by(Tenant.slug)) or "none yet"
        raise NotFound(f"There is no tenant {slug}. Known are: {known}.") from None


def _role(tenant: Tenant, key: str) -> Role:
    rolebook.ensure_starters()
    roles = rolebook.roles_for(tenant.id)
    for role in roles:
        if key in (role.starter, role.name):
            return role
    known = ", ".join(role.starter or role.name for role in roles)
    raise NotFound(f"There is no role {key} in {tenant.name}. Known are: {known}.")
