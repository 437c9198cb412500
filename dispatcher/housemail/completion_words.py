"""What the completion mail says, in both languages: German first, as most people here read it."""

from collections.abc import Mapping

from domain.ledger.refusals import Refusal as R
from domain.ledger.states import LeftOut as L

TEXTS: Mapping[str, Mapping[str, str]] = {
    "de": {
        "out": "„%(title)s“ ist draußen",
        "finished": "„%(title)s“ ist abgeschlossen",
        "hello": "Guten Tag, %(name)s,",
        "head_out": "die letzte Mail von „%(title)s“ ist übergeben.",
        "head_finished": "„%(title)s“ ist abgeschlossen: Nichts davon wartet mehr.",
        "sent": "Vom Mailserver angenommen: %(count)s von %(total)s",
        "failed": "Endgültig abgelehnt: %(count)s",
        "expired": "Nach mehreren Tagen aufgegeben: %(count)s",
        "later": "Vorerst nicht angenommen: %(count)s",
        "later_more": "Diese Mails gehen von selbst noch einmal hinaus, die nächste %(at)s. Sind alle entschieden, "
        "folgt eine zweite Nachricht.",
        "uncertain": "Ungewiss: %(count)s. Die Verbindung brach bei der Übergabe ab; die Mail geht mit demselben "
        "Inhalt noch einmal hinaus.",
        "held": "Zurückgehalten: %(count)s. Niemand weiß, ob die Mail angekommen ist. Bitte entscheiden Sie:",
        "left_out": "Ausgelassen: %(count)s",
        "link": "Alle Empfänger mit ihrem Stand:",
        "at": "am %d.%m. um %H:%M Uhr",
        "comma": ".",
    },
    "en": {
        "out": "“%(title)s” is out",
        "finished": "“%(title)s” is finished",
        "hello": "Hello %(name)s,",
        "head_out": "the last mail of “%(title)s” is handed over.",
        "head_finished": "“%(title)s” is finished: none of it waits any more.",
        "sent": "Taken by the mail server: %(count)s of %(total)s",
        "failed": "Refused for good: %(count)s",
        "expired": "Given up after several days: %(count)s",
        "later": "Not taken for now: %(count)s",
        "later_more": "These mails go out again by themselves, the next one %(at)s. A second message follows once all "
        "of them are decided.",
        "uncertain": "Uncertain: %(count)s. The connection broke during the hand-over; the mail goes out once more "
        "with the same content.",
        "held": "On hold: %(count)s. Nobody knows whether the mail has arrived. Please decide:",
        "left_out": "Left out: %(count)s",
        "link": "Every recipient with the state of the mail:",
        "at": "on %Y-%m-%d at %H:%M",
        "comma": ",",
    },
}  # fmt: skip

REFUSALS: Mapping[str, Mapping[R, str]] = {
    "de": {
        R.UNKNOWN: "Adresse unbekannt", R.DOMAIN: "Diese Domain nimmt keine Mails an",
        R.CLOSED: "Postfach geschlossen", R.FULL: "Postfach voll", R.SIZE: "Mail zu groß",
        R.RULES: "Durch Regeln des Mailservers abgelehnt", R.WRITING: "Für diese Adresse lässt sich keine Mail bilden",
        R.LATER: "Der Mailserver bittet um einen späteren Versuch", R.TROUBLE: "Verbindung abgebrochen",
        R.OTHER: "Anderer Grund",
    },
    "en": {
        R.UNKNOWN: "Address unknown", R.DOMAIN: "This domain takes no mail", R.CLOSED: "Mailbox closed",
        R.FULL: "Mailbox full", R.SIZE: "Mail too large", R.RULES: "Refused by the rules of the mail server",
        R.WRITING: "No mail can be made for this address",
        R.LATER: "The mail server asks to come back later", R.TROUBLE: "Connection broken", R.OTHER: "Another reason",
    },
}  # fmt: skip

LEFT_OUT: Mapping[str, Mapping[L, str]] = {
    "de": {
        L.LOCKED: "Mailing-Sperre", L.ORGANISATION_LOCKED: "Kunde gesperrt", L.UNSUBSCRIBED: "Abgemeldet",
        L.UNCONFIRMED: "Unbestätigt", L.UNPROVED: "Einwilligung ungeklärt", L.UNDELIVERABLE: "Unzustellbar",
        L.STOPPED: "Stillgelegt", L.SUPPRESSED: "Robinsonliste", L.EXCLUDED: "Durch Datei ausgeschlossen",
        L.TERRITORY: "Außerhalb des Gebiets", L.CONTACT_CAP: "Genug Mails erhalten", L.DUPLICATE: "Doppelte Adresse",
        L.NO_ADDRESS: "Keine Adresse", L.UNTICKED: "Von Hand abgewählt",
    },
    "en": {
        L.LOCKED: "Mailing lock", L.ORGANISATION_LOCKED: "Customer locked", L.UNSUBSCRIBED: "Unsubscribed",
        L.UNCONFIRMED: "Unconfirmed", L.UNPROVED: "Consent unproved", L.UNDELIVERABLE: "Undeliverable",
        L.STOPPED: "Stopped", L.SUPPRESSED: "Suppression list", L.EXCLUDED: "Excluded by file",
        L.TERRITORY: "Outside the territory", L.CONTACT_CAP: "Enough mails received", L.DUPLICATE: "Duplicate",
        L.NO_ADDRESS: "No address", L.UNTICKED: "Unticked",
    },
}  # fmt: skip
