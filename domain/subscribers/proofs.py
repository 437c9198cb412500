"""Documents that prove consents given elsewhere: which there are, and whose consents they prove. The bytes are kept by
mediadb.proofs."""

from collections.abc import Iterable

from domain.errors import NotFound
from domain.subscribers.models import ConsentEvent, ConsentProof, Subscriber


def get(tenant_id: int, proof_id: int) -> ConsentProof:
    """A document of the tenant; raises NotFound."""
    found = ConsentProof.get_or_none(ConsentProof.tenant_id == tenant_id, ConsentProof.id == proof_id)
    if found is None:
        raise NotFound
    return found


def of(person: Subscriber, proof_id: int) -> ConsentProof:
    """A document that proves a consent of this person; raises NotFound for any other."""
    query = ConsentEvent.select(ConsentEvent.id).where(
        ConsentEvent.tenant_id == person.tenant_id, ConsentEvent.subscriber_id == person.id,
        ConsentEvent.proof_id == proof_id,
    )  # fmt: skip
    if not query.exists():
        raise NotFound
    return get(person.tenant_id, proof_id)


def of_events(tenant_id: int, events: Iterable[ConsentEvent]) -> dict[int, ConsentProof]:
    """Id → document of everything that these events name."""
    wanted = {event.proof_id for event in events if event.proof_id}
    if not wanted:
        return {}
    query = ConsentProof.select().where(
        ConsentProof.tenant_id == tenant_id, ConsentProof.id.in_(sorted(wanted))
    )
    return {found.id: found for found in query}
