"""The one table of states: word, tone and icon (ui.md, section 6). Templates name none of them."""

from dataclasses import dataclass

from flask import Flask
from flask_babel import gettext

from domain.errors import N_
from domain.ledger.refusals import Refusal
from domain.ledger.states import DeliveryState, LeftOut


@dataclass(frozen=True)
class Shown:
    """How a state looks: translated word, tone, icon of the sprite."""

    word: str
    tone: str
    icon: str


D = DeliveryState
TABLE: dict[str, dict[object, tuple[str, str, str]]] = {
    "article": {
        "draft": (N_("Draft"), "rest", "pencil"),
        "submitted": (N_("Submitted"), "ask", "send-2"),
        "returned": (N_("Returned"), "ask", "corner-up-left"),
        "accepted": (N_("Accepted"), "done", "circle-check"),
        "used": (N_("Used"), "done", "news"),
        "expired": (N_("Expired"), "rest", "calendar-off"),
        "archived": (N_("Archived"), "rest", "archive"),
    },
    "expected": {
        "missing": (N_("Not begun"), "rest", "circle-dashed"),
        "begun": (N_("Being written"), "rest", "pencil"),
        "submitted": (N_("Submitted"), "ask", "send-2"),
        "there": (N_("Accepted"), "done", "circle-check"),
        "late": (N_("Late"), "fail", "clock"),
    },
    "issue": {
        "draft": (N_("In progress"), "rest", "pencil"),
        "in_review": (N_("In approval"), "ask", "hourglass"),
        "returned": (N_("Returned"), "ask", "corner-up-left"),
        "approved": (N_("Approved"), "done", "circle-check"),
        "sent": (N_("Sent"), "done", "mail-check"),
        "archived": (N_("Archived"), "rest", "archive"),
    },
    "campaign": {
        "draft": (N_("Draft"), "rest", "pencil"),
        "in_approval": (N_("In approval"), "ask", "hourglass"),
        "scheduled": (N_("Scheduled"), "rest", "calendar-event"),
        "preparing": (N_("Preparing"), "run", "loader-2"),
        "sending": (N_("Sending"), "run", "send"),
        "waiting": (N_("Waiting"), "hold", "clock-pause"),
        "paused": (N_("Paused"), "hold", "player-pause"),
        "stopped": (N_("Needs a decision"), "ask", "hand-stop"),
        "cancelled": (N_("Cancelled"), "rest", "ban"),
        "finished": (N_("Finished"), "done", "circle-check"),
    },
    "automailer": {
        "draft": (N_("Draft"), "rest", "pencil"),
        "active": (N_("Active"), "run", "repeat"),
        "paused": (N_("Paused"), "hold", "player-pause"),
        "ended": (N_("Ended"), "rest", "ban"),
    },
    "carrier": {  # the mail of a step
        "new": (N_("Not activated yet"), "rest", "pencil"),
        "in_approval": (N_("In approval"), "ask", "hourglass"),
        "returned": (N_("Returned"), "ask", "corner-up-left"),
        "ready": (N_("Ready"), "done", "circle-check"),
        "waiting": (N_("Waiting"), "hold", "clock-pause"),
        "paused": (N_("Paused"), "hold", "player-pause"),
        "stopped": (N_("Needs a decision"), "ask", "hand-stop"),
        "cancelled": (N_("Cancelled"), "rest", "ban"),
    },
    "enrolment": {
        "running": (N_("Running"), "run", "repeat"),
        "suspended": (N_("Suspended"), "hold", "player-pause"),
        "finished": (N_("Finished"), "done", "circle-check"),
        "removed": (N_("Removed"), "rest", "ban"),
    },
    "delivery": {
        D.QUEUED: (N_("Waiting"), "rest", "clock"),
        D.LEASED: (N_("Being sent"), "run", "loader-2"),
        D.SENT: (N_("Sent"), "done", "circle-check"),
        D.DEFERRED: (N_("Trying again"), "hold", "rotate-clockwise"),
        D.FAILED: (N_("Refused"), "fail", "circle-x"),
        D.EXPIRED: (N_("Gave up"), "fail", "clock-off"),
        D.SUPPRESSED: (N_("Left out"), "rest", "user-off"),
        D.UNCERTAIN: (N_("Uncertain"), "hold", "help-circle"),
        D.HELD: (N_("On hold"), "hold", "hand-stop"),
        D.CANCELLED: (N_("Not sent"), "rest", "ban"),
    },
    "left_out": {
        LeftOut.LOCKED: (N_("Mailing lock"), "rest", "lock"),
        LeftOut.ORGANISATION_LOCKED: (N_("Customer locked"), "rest", "lock"),
        LeftOut.UNSUBSCRIBED: (N_("Unsubscribed"), "rest", "user-off"),
        LeftOut.UNCONFIRMED: (N_("Unconfirmed"), "rest", "mail-question"),
        LeftOut.UNPROVED: (N_("Consent unproved"), "rest", "help-circle"),
        LeftOut.UNDELIVERABLE: (N_("Undeliverable"), "rest", "mail-x"),
        LeftOut.STOPPED: (N_("Stopped"), "rest", "player-stop"),
        LeftOut.SUPPRESSED: (N_("Suppression list"), "rest", "shield-x"),
        LeftOut.EXCLUDED: (N_("Excluded by file"), "rest", "file-x"),
        LeftOut.TERRITORY: (N_("Outside the territory"), "rest", "map-pin-off"),
        LeftOut.CONTACT_CAP: (N_("Contact cap"), "rest", "gauge"),
        LeftOut.DUPLICATE: (N_("Duplicate"), "rest", "copy"),
        LeftOut.NO_ADDRESS: (N_("No address"), "fail", "at-off"),
        LeftOut.UNTICKED: (N_("Unticked"), "rest", "hand-click"),
        LeftOut.AGREED: (N_("Has agreed already"), "done", "circle-check"),
        LeftOut.ASKED: (N_("Asked lately"), "rest", "mail-question"),
    },
    "refusal": {  # hard ones in the tone of what has failed: the address itself is at fault
        Refusal.UNKNOWN: (N_("Address unknown"), "fail", "mail-x"),
        Refusal.DOMAIN: (N_("This domain takes no mail"), "fail", "mail-x"),
        Refusal.CLOSED: (N_("Mailbox closed"), "fail", "mail-x"),
        Refusal.FULL: (N_("Mailbox full"), "hold", "mail-x"),
        Refusal.SIZE: (N_("Mail too large"), "hold", "mail-x"),
        Refusal.RULES: (N_("Refused by the rules of the mail server"), "hold", "mail-x"),
        Refusal.WRITING: (N_("No mail can be made for this address"), "fail", "mail-x"),
        Refusal.LATER: (N_("The mail server asks to come back later"), "hold", "clock"),
        Refusal.TROUBLE: (N_("Connection broken"), "hold", "mail-x"),
        Refusal.OTHER: (N_("Another reason"), "hold", "mail-x"),
    },
    "subscription": {
        "unknown": (N_("Unknown"), "hold", "help-circle"),
        "proved": (N_("Proved elsewhere"), "done", "file-check"),
        "pending": (N_("Unconfirmed"), "hold", "mail-question"),
        "confirmed": (N_("Confirmed"), "done", "circle-check"),
        "revoked": (N_("Unsubscribed"), "rest", "user-off"),
        "lapsed": (N_("Lapsed"), "rest", "clock-off"),
    },
    "deliverability": {
        "active": (N_("Reachable"), "done", "circle-check"),
        "stopped": (N_("Stopped"), "rest", "player-stop"),
        "bounced": (N_("Undeliverable"), "fail", "mail-x"),
    },
    "approval": {
        "open": (N_("Waiting for a decision"), "ask", "hourglass"),
        "yours": (N_("Waiting for you"), "ask", "hourglass"),
        "approved": (N_("Approved"), "done", "circle-check"),
        "returned": (N_("Returned"), "ask", "corner-up-left"),
        "rejected": (N_("Rejected"), "fail", "circle-x"),
        "void": (N_("Void"), "hold", "refresh-alert"),
        "skipped": (N_("Not needed"), "rest", "minus"),
        "withdrawn": (N_("Withdrawn"), "rest", "arrow-back-up"),
        "revoked": (N_("Revoked"), "fail", "ban"),
    },
    "person": {
        "active": (N_("Active"), "done", "circle-check"),
        "invited": (N_("Invited"), "rest", "mail-forward"),
        "ended": (N_("No access"), "rest", "user-off"),
    },
    "tenant": {
        "active": (N_("Active"), "done", "circle-check"),
        "no_sending": (N_("No sending"), "hold", "player-pause"),
        "no_sign_in": (N_("No sign-in"), "hold", "lock"),
        "blocked": (N_("Blocked"), "fail", "ban"),
    },
    "relay": {
        "ready": (N_("Ready"), "done", "circle-check"),
        "untested": (N_("Not tried yet"), "rest", "circle-dashed"),
        "failed": (N_("Test failed"), "fail", "alert-circle"),
        "open": (N_("Takes no mails"), "fail", "hand-stop"),
        "off": (N_("Not in use"), "rest", "ban"),
        "paused": (N_("Paused after an error"), "hold", "player-pause"),
        "busy": (N_("At work"), "run", "send"),
    },
    "process": {
        "running": (N_("Running"), "done", "circle-check"),
        "silent": (N_("Silent"), "fail", "alert-triangle"),
        "stopped": (N_("Ended"), "rest", "player-stop"),
    },
    "measuring": {
        "off": (N_("Opens and clicks are not counted"), "rest", "eye-off"),
        "numbers": (N_("Opens and clicks are counted without persons"), "done", "chart-bar"),
        "people": (N_("Opens and clicks are counted per person"), "done", "user-check"),
    },
    "sender": {
        "proved": (N_("Proved by DNS"), "done", "circle-check"),
        "vouched": (N_("Vouched for"), "done", "user-check"),
        "unverified": (N_("Not verified"), "hold", "alert-triangle"),
    },
    "finding": {
        "ok": (N_("In order"), "done", "circle-check"),
        "bad": (N_("To be done"), "fail", "alert-circle"),
        "open": (N_("Not known"), "rest", "help-circle"),
    },
    "dkim_key": {
        "waiting": (N_("Waits for its record"), "hold", "hourglass"),
        "seen": (N_("Ready"), "ask", "circle-dashed"),
        "active": (N_("Signs"), "done", "circle-check"),
        "retired": (N_("Signs no more"), "rest", "archive"),
    },
    "order": {
        "asked": (N_("With the office"), "ask", "hourglass"),
        "accepted": (N_("Accepted"), "run", "check"),
        "returned": (N_("Returned"), "ask", "corner-up-left"),
        "released": (N_("Released"), "done", "circle-check"),
        "withdrawn": (N_("Withdrawn"), "rest", "arrow-back-up"),
        "sent": (N_("Sent"), "done", "mail-check"),  # a step of the history
    },
    "rollout": {
        "draft": (N_("In preparation"), "rest", "pencil"),
        "open": (N_("Handed out"), "run", "send-2"),
        "called_off": (N_("Called off"), "rest", "ban"),
    },
    "rollout_branch": {
        "invited": (N_("Not answered yet"), "ask", "hourglass"),
        "missing": (N_("Something is missing"), "hold", "alert-triangle"),
        "joined": (N_("Takes part"), "done", "circle-check"),
        "declined": (N_("Declined"), "rest", "x"),
        "called_off": (N_("Called off"), "rest", "ban"),
    },
    "import": {
        "mapping": (N_("Columns to choose"), "ask", "columns"),
        "queued": (N_("Waiting"), "rest", "clock"),
        "running": (N_("Running"), "run", "loader-2"),
        "done": (N_("Finished"), "done", "circle-check"),
        "failed": (N_("Failed"), "fail", "circle-x"),
        "undoing": (N_("Being undone"), "run", "loader-2"),
        "undone": (N_("Undone"), "rest", "arrow-back-up"),
    },
}


def state_of(kind: str, value: object) -> Shown:
    """Word, tone and icon of a state; a value that the table lacks is a fault of ours and raises KeyError."""
    word, tone, icon = TABLE[kind][value]
    return Shown(gettext(word), tone, icon)


def init_app(app: Flask) -> None:
    app.jinja_env.globals["state_of"] = state_of
