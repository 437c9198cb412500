"""Who may change which issue."""

from domain.accounts.models import User
from domain.accounts.permissions import Permission
from domain.accounts.policy import Rights
from domain.issues.models import Issue


def may_edit(issue: Issue, user: User, rights: Rights) -> bool:
    """Who began it, and whoever may change issues of other people; whether its state allows it is another question."""
    own = issue.created_by_id == user.id and Permission.ISSUE_EDIT in rights
    return own or Permission.ISSUE_EDIT_ALL in rights
