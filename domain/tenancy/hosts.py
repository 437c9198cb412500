"""Under which address a tenant's links, pictures and public pages stand."""

from urllib.parse import urlsplit

from domain.tenancy.models import Tenant


def base_url(tenant: Tenant, public_url: str) -> str:
    """The tenant's own host name, else `public_url`; without a slash at the end."""
    return f"{urlsplit(public_url).scheme}://{tenant.host}" if tenant.host else public_url.rstrip("/")
