"""Short marks of what a form shows: whether somebody else has changed just that meanwhile, and not the block beside."""

import hashlib
import json
from typing import Any

from domain.issues.models import Block, Issue


def _stamp(*values: Any) -> str:
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def of_head(issue: Issue) -> str:
    """The mark of subject and preview text."""
    return _stamp(issue.subject, issue.preheader)


def of_block(found: Block) -> str:
    """The mark of what a block says."""
    return _stamp(found.id, found.data)
