"""The pages of readers and the form for other websites are valid HTML, without script, as html-validate sees it."""

import html
import json
import re
from pathlib import Path

from flask.testing import FlaskClient

from domain import tokens
from domain.subscribers import consent, proving
from tests import node
from tests.portal import readers
from tests.world import World


def complaints(pages: dict[str, str], folder: Path) -> list[str]:
    path = folder / "pages.json"
    path.write_text(json.dumps(pages))
    return list(node.answer(Path(__file__).with_name("valid.mjs"), path))


def test_public_pages_are_valid_and_have_no_script(
    client: FlaskClient, world: World, sign_in, tmp_path: Path
) -> None:
    reader = readers.who_got_mail(world, "city", "arts")
    confirm = tokens.timed_token("confirm", [world.north.id, reader.person.id, [world.types["trade"].id]])
    consent.step(reader.person, world.types["trade"], "ask")
    own = proving.token(reader.person)
    mail = f"/m/{reader.token}"
    paths = [
        "/n/north?lang=de", "/n/north/city?lang=en", "/n/north/sent", f"/n/north/confirm/{confirm}",
        "/n/north/confirm/altered", "/n/north/data", "/n/north/data/sent", f"/n/north/data/{own}", "/n/nowhere",
        f"{mail}/preferences", f"{mail}/preferences?saved=1", f"{mail}/unsubscribe", f"{mail}/forward",
    ]  # fmt: skip
    pages = {path: client.get(path).text for path in paths}
    pages["mistake"] = client.post("/n/north", data={"email": "nobody"}).text
    pages["signed off"] = client.post(f"{mail}/unsubscribe").text
    pages["confirmed"] = client.post(f"/n/north/confirm/{confirm}").text
    pages["used"] = client.get(f"/n/north/confirm/{confirm}").text
    pages["preferences"] = client.get(f"/n/north/confirm/{confirm}/preferences").text
    inside = sign_in(client, world.administrator).get(f"/t/north/types/{world.types['city'].id}").text
    snippet = html.unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", inside, re.DOTALL)[1])
    pages["snippet"] = (
        f'<!DOCTYPE html><html lang="en"><head><title>Theirs</title></head><body>{snippet}</body></html>'
    )
    assert all(
        "<form" in pages[name]
        for name in (
            paths[0],
            f"/n/north/data/{own}",
            f"{mail}/preferences",
            "mistake",
            "snippet",
            "preferences",
            paths[3],
        )
    )
    assert not any("<script" in text or " style=" in text for text in pages.values())
    assert complaints(pages, tmp_path) == []
    assert complaints({"broken": "<!DOCTYPE html><p><div>"}, tmp_path)  # the judge can say no
