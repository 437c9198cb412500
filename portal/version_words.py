"""The fields of an article and the acts that make a version, in words."""

from domain.errors import N_

WORDS: dict[str, str] = {
    "title": N_("Title"),
    "teaser": N_("Teaser"),
    "body": N_("Text"),
    "category": N_("Category"),
    "author_line": N_("Author line"),
    "asset_id": N_("Picture"),
    "asset_alt": N_("Description of the picture"),
    "link_url": N_("Link to the full text"),
    "language": N_("Language"),
    "valid_from": N_("Valid from"),
    "valid_until": N_("Valid until"),
    "tags": N_("Tags"),
    "notes": N_("Notes"),
    "documents": N_("Documents"),
    "save": N_("edited"),
    "submit": N_("submitted"),
    "accept": N_("accepted"),
    "restore": N_("brought back an earlier version"),
}
