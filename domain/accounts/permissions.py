"""Every right of the house: module × action, each with the sentence that the role page shows."""

from enum import StrEnum

from domain.errors import N_


class Permission(StrEnum):
    ARTICLE_SEE = "article.see"
    ARTICLE_CREATE = "article.create"
    ARTICLE_WRITE = "article.write"
    ARTICLE_SUBMIT = "article.submit"
    ARTICLE_EDIT_ALL = "article.edit_all"
    ARTICLE_REVIEW = "article.review"
    MEDIA_SEE = "media.see"
    MEDIA_EDIT = "media.edit"
    MEDIA_DELETE = "media.delete"
    ISSUE_SEE = "issue.see"
    ISSUE_CREATE = "issue.create"
    ISSUE_EDIT = "issue.edit"
    ISSUE_EDIT_ALL = "issue.edit_all"
    ISSUE_TEST = "issue.test"
    ISSUE_HTML = "issue.html"
    TEMPLATE_SEE = "template.see"
    TEMPLATE_EDIT = "template.edit"
    CAMPAIGN_SEE = "campaign.see"
    CAMPAIGN_PLAN = "campaign.plan"
    CAMPAIGN_SEND = "campaign.send"
    AUTOMAILER_SEE = "automailer.see"
    AUTOMAILER_WRITE = "automailer.write"
    AUTOMAILER_ACTIVATE = "automailer.activate"
    AUTOMAILER_ENROL = "automailer.enrol"
    APPROVAL_SEE = "approval.see"
    APPROVAL_ASK = "approval.ask"
    APPROVAL_DECIDE = "approval.decide"
    APPROVAL_SETUP = "approval.setup"
    SUBSCRIBER_SEE = "subscriber.see"
    SUBSCRIBER_EDIT = "subscriber.edit"
    SUBSCRIBER_IMPORT = "subscriber.import"
    SUBSCRIBER_EXPORT = "subscriber.export"
    SUBSCRIBER_SUPPRESS_OTHERS = "subscriber.suppress_others"
    TYPE_SEE = "type.see"
    TYPE_EDIT = "type.edit"
    VOLUME_SEE = "volume.see"
    ORDER_ASK = "order.ask"
    ORDER_SEE = "order.see"
    ORDER_DECIDE = "order.decide"
    ROLLOUT_SEE = "rollout.see"
    ROLLOUT_EDIT = "rollout.edit"
    ROLLOUT_JOIN = "rollout.join"
    RELEASE_SEE = "release.see"
    RELEASE_EDIT = "release.edit"
    USER_SEE = "user.see"
    USER_EDIT = "user.edit"
    ROLE_SEE = "role.see"
    ROLE_EDIT = "role.edit"
    SENDER_EDIT = "sender.edit"
    TENANT_EDIT = "tenant.edit"
    TENANT_EXPORT = "tenant.export"
    RELAY_EDIT = "relay.edit"
    AUDIT_SEE = "audit.see"
    AUDIT_EXPORT = "audit.export"

    @property
    def module(self) -> str:
        return self.value.split(".")[0]


P = Permission

SENTENCES: dict[Permission, str] = {
    P.ARTICLE_SEE: N_("Sees all articles of the pool."),
    P.ARTICLE_CREATE: N_("Begins articles and writes them until they are submitted."),
    P.ARTICLE_WRITE: N_("Changes the own articles, also those that came back."),
    P.ARTICLE_SUBMIT: N_("Submits the own articles and takes them back."),
    P.ARTICLE_EDIT_ALL: N_("Changes articles of other people."),
    P.ARTICLE_REVIEW: N_("Accepts articles or returns them with a remark."),
    P.MEDIA_SEE: N_("Sees and uses pictures and documents."),
    P.MEDIA_EDIT: N_("Uploads, describes and moves media."),
    P.MEDIA_DELETE: N_("Moves media to the trash and removes folders."),
    P.ISSUE_SEE: N_("Sees issues and their preview."),
    P.ISSUE_CREATE: N_("Begins issues and letters, also as copies of others."),
    P.ISSUE_EDIT: N_("Assembles the own issues."),
    P.ISSUE_EDIT_ALL: N_("Assembles issues of other people."),
    P.ISSUE_TEST: N_("Sends test mails, to the own address and to others."),
    P.ISSUE_HTML: N_("Writes HTML and CSS into issues and mail templates."),
    P.TEMPLATE_SEE: N_("Sees mail templates and copies them."),
    P.TEMPLATE_EDIT: N_("Makes mail templates: colours, fonts, logo, head and foot."),
    P.CAMPAIGN_SEE: N_("Sees mailings, their progress and their numbers."),
    P.CAMPAIGN_PLAN: N_("Chooses recipients, sender and time of a mailing."),
    P.CAMPAIGN_SEND: N_("Sends, pauses and cancels mailings."),
    P.AUTOMAILER_SEE: N_("Sees automailers, their steps and their numbers."),
    P.AUTOMAILER_WRITE: N_("Makes automailers: steps, waiting times, start and window."),
    P.AUTOMAILER_ACTIVATE: N_("Activates, pauses and ends automailers."),
    P.AUTOMAILER_ENROL: N_("Adds contacts to automailers, suspends, resumes and removes them."),
    P.APPROVAL_SEE: N_("Sees requests for approval and how they were decided."),
    P.APPROVAL_ASK: N_("Asks for approval of a mailing."),
    P.APPROVAL_DECIDE: N_("Approves mailings of other people or returns them."),
    P.APPROVAL_SETUP: N_("Decides how many people of which role approve what."),
    P.SUBSCRIBER_SEE: N_("Sees subscribers with their personal data."),
    P.SUBSCRIBER_EDIT: N_("Creates and changes subscribers, sets mailing locks."),
    P.SUBSCRIBER_IMPORT: N_("Imports subscribers from files."),
    P.SUBSCRIBER_EXPORT: N_("Exports subscribers and recipient tables."),
    P.TYPE_SEE: N_("Sees newsletter types and their figures."),
    P.TYPE_EDIT: N_("Creates and changes newsletter types."),
    P.SUBSCRIBER_SUPPRESS_OTHERS: N_("Administers Robinson lists that hold in other tenants, too."),
    P.ORDER_ASK: N_("Asks the office for a mailing and follows the own orders."),
    P.ORDER_SEE: N_("Sees the orders of everybody."),
    P.ORDER_DECIDE: N_("Accepts orders for mailings, returns them or makes them a mailing."),
    P.ROLLOUT_SEE: N_("Sees rollouts and how far the branches are."),
    P.ROLLOUT_EDIT: N_("Rolls an issue out to the tenants below and calls it off."),
    P.ROLLOUT_JOIN: N_("Joins rollouts from above or declines them, and names stand-ins."),
    P.VOLUME_SEE: N_("Sees how many mails were sent and what is left."),
    P.RELEASE_SEE: N_("Sees what is released to other tenants and by them."),
    P.RELEASE_EDIT: N_("Releases things to other tenants and recalls them."),
    P.USER_SEE: N_("Sees people, their roles and their access."),
    P.USER_EDIT: N_("Creates people and gives them roles."),
    P.ROLE_SEE: N_("Sees roles and what they may do."),
    P.ROLE_EDIT: N_("Decides what a role may do and how much it may send."),
    P.SENDER_EDIT: N_("Adds sender domains, makes their DKIM keys and looks after their records."),
    P.TENANT_EDIT: N_("Changes name, imprint, sender and look of the tenant."),
    P.TENANT_EXPORT: N_("Exports all data of the tenant as one file."),
    P.RELAY_EDIT: N_("Sets up the mail servers of the tenant, chooses one for a mailing and sees its queue."),
    P.AUDIT_SEE: N_("Reads the log of who did what."),
    P.AUDIT_EXPORT: N_("Exports the log."),
}

MODULES: dict[str, str] = {
    "article": N_("Pool"),
    "media": N_("Media"),
    "issue": N_("Issues"),
    "template": N_("Mail templates"),
    "campaign": N_("Mailings"),
    "automailer": N_("Automailers"),
    "approval": N_("Approvals"),
    "subscriber": N_("Subscribers"),
    "type": N_("Newsletter types"),
    "order": N_("Orders"),
    "rollout": N_("Rollouts"),
    "volume": N_("Volume"),
    "release": N_("Releases"),
    "user": N_("People"),
    "role": N_("Roles"),
    "sender": N_("Sender domains"),
    "tenant": N_("Tenant"),
    "relay": N_("Mail servers"),
    "audit": N_("Log"),
}

OWN_ARTICLES = (P.ARTICLE_CREATE, P.ARTICLE_WRITE, P.ARTICLE_SUBMIT)
"""With any of these a person has articles of his own in the pool."""

EDITS_ISSUES = (P.ISSUE_EDIT, P.ISSUE_EDIT_ALL)
"""With any of these a person assembles issues: the own ones, those of others."""

SENDS = frozenset({P.CAMPAIGN_PLAN, P.CAMPAIGN_SEND, P.ISSUE_TEST, P.AUTOMAILER_ACTIVATE})
"""With these a role brings mails on their way, so that its volume limits count."""

_EDITOR = frozenset(
    {
        P.ARTICLE_SEE, *OWN_ARTICLES, P.ARTICLE_EDIT_ALL, P.ARTICLE_REVIEW, P.MEDIA_SEE, P.MEDIA_EDIT,
        P.MEDIA_DELETE, P.ISSUE_SEE, P.ISSUE_CREATE, *EDITS_ISSUES, P.ISSUE_TEST, P.TEMPLATE_SEE,
        P.CAMPAIGN_SEE, P.CAMPAIGN_PLAN, P.AUTOMAILER_SEE, P.APPROVAL_SEE, P.APPROVAL_ASK,
        P.SUBSCRIBER_SEE, P.TYPE_SEE, P.VOLUME_SEE, P.ORDER_ASK, P.ROLLOUT_SEE,
    }
)  # fmt: skip

_SERIES = frozenset({P.AUTOMAILER_SEE, P.AUTOMAILER_WRITE, P.AUTOMAILER_ACTIVATE, P.AUTOMAILER_ENROL})

STARTERS: dict[str, tuple[str, frozenset[Permission]]] = {
    "journalist": (
        N_("Journalist"),
        frozenset({*OWN_ARTICLES, P.MEDIA_SEE, P.MEDIA_EDIT, P.MEDIA_DELETE, P.ORDER_ASK}),
    ),
    "editor": (N_("Editor"), _EDITOR),
    "chief_editor": (
        N_("Chief editor"),
        _EDITOR
        | _SERIES
        | {P.APPROVAL_DECIDE, P.CAMPAIGN_SEND, P.ORDER_SEE, P.ORDER_DECIDE, P.ROLLOUT_EDIT, P.ROLLOUT_JOIN},
    ),
    "sender": (
        N_("Sender"),
        frozenset(
            {P.ISSUE_SEE, P.CAMPAIGN_SEE, P.CAMPAIGN_PLAN, P.CAMPAIGN_SEND, P.APPROVAL_SEE, P.APPROVAL_ASK,
             P.TYPE_SEE, P.VOLUME_SEE, P.ORDER_SEE, P.ORDER_DECIDE, P.ROLLOUT_SEE, *_SERIES}
        ),
    ),
    "subscriber_manager": (
        N_("Subscriber manager"),
        frozenset(
            {P.SUBSCRIBER_SEE, P.SUBSCRIBER_EDIT, P.SUBSCRIBER_IMPORT, P.SUBSCRIBER_EXPORT, P.TYPE_SEE, P.TYPE_EDIT,
             P.CAMPAIGN_SEE, P.VOLUME_SEE, P.ORDER_ASK, *_SERIES}
        ),
    ),
    "administrator": (N_("Administrator"), frozenset(Permission)),
    "auditor": (
        N_("Auditor"),
        frozenset(
            {P.ARTICLE_SEE, P.ISSUE_SEE, P.CAMPAIGN_SEE, P.AUTOMAILER_SEE, P.APPROVAL_SEE, P.TYPE_SEE, P.VOLUME_SEE,
             P.RELEASE_SEE,
             P.ORDER_SEE, P.ROLLOUT_SEE, P.AUDIT_SEE}
        ),
    ),
}  # fmt: skip
"""Key → (name, rights). Central roles made at the first start; afterwards they are rows like any other."""
