"""Designs to begin with: each a whole look, made to be changed."""

from dataclasses import dataclass

from domain.errors import N_
from domain.issues.design import Design


@dataclass(frozen=True)
class Starter:
    """A look with its name and the one sentence that helps to choose."""

    name: str
    sentence: str
    design: Design


STARTERS: dict[str, Starter] = {
    "paper": Starter(
        N_("Paper"),
        N_("Warm ground, serif headings, a line of your colour. For city and culture."),
        Design(),
    ),
    "gazette": Starter(
        N_("Gazette"),
        N_("Centred head like a newspaper, thin lines between the articles."),
        Design(
            page="#ebe7de", sheet="#fdfcf9", line="#cfc8b8", foot_ground="#f3efe6", heading_font="times",
            text_font="georgia", head="centre", between="line", category="label", corners=0, button="outline",
            text_size=16, foot_align="center",
        ),
    ),
    "clear": Starter(
        N_("Clear"),
        N_("Light and factual, everything without serifs. For companies and clubs."),
        Design(
            page="#f2f4f7", sheet="#fefefe", ink="#16202c", soft="#3b4654", line="#dde3ea", foot_ground="#f2f4f7",
            heading_font="helvetica", text_font="helvetica", lead_font="text", head="plain", corners=6,
            button="filled", category="label", between="line",
        ),
    ),
    "band": Starter(
        N_("Band"),
        N_("A broad band of your colour with name and logo. Seen at once in a full inbox."),
        Design(
            page="#eceff1", sheet="#fefefe", ink="#20262b", soft="#3c464d", line="#dfe4e8", foot_ground="#eef1f3",
            heading_font="trebuchet", text_font="verdana", lead_font="text", head="band", corners=2, width=640,
            text_size=14, button="filled",
        ),
    ),
    "cards": Starter(
        N_("Cards"),
        N_("Each article on a card of its own with much air. For pictures that carry."),
        Design(
            page="#e9edf0", sheet="#fdfdfe", ink="#1c2530", soft="#414b57", line="#d9e0e6", foot_ground="#f1f4f6",
            heading_font="system", text_font="system", lead_font="text", head="centre", between="card", corners=12,
            spacing="normal", button="round", width=620, foot_align="center",
        ),
    ),
    "letter": Starter(
        N_("Like a letter"),
        N_("Narrow, quiet, like a letter. For personal words and members."),
        Design(
            page="#fbfaf7", sheet="#fbfaf7", ink="#24211c", soft="#3d3932", line="#ddd6c8", foot_ground="#f4f1ea",
            heading_font="palatino", text_font="palatino", head="plain", spacing="wide", corners=3, width=560,
            text_size=17, button="outline", category="hidden",
        ),
    ),
    "night": Starter(
        N_("Night"),
        N_("Dark head and foot, bright sheet. For stages, music and events."),
        Design(
            page="#26222f", sheet="#fefdfc", ink="#211d2b", soft="#443f52", line="#ddd8e3", head_ground="#1b1724",
            foot_ground="#eeebf2", heading_font="georgia", text_font="tahoma", lead_font="text", head="band",
            corners=8, button="round", category="label", between="line",
        ),
    ),
}  # fmt: skip
