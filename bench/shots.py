"""Pictures of every page, and what is wrong with each: `make shots`, or bench/shots.py --only pool --lang de.

Starts a demo house of its own in a temporary folder (or looks at a running one with --url and --instance), walks it
as every person, keeps full pictures in test-results/shots/LANGUAGE-WIDTH/ and ends with 1 if a page has a fault.
"""

import argparse
import contextlib
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, sync_playwright  # noqa: E402

from tests.journeys import acts, inspection, walk  # noqa: E402
from tests.journeys.houses import running  # noqa: E402

WIDTHS = (1400, 390)
HEIGHT = 900
TARGET = ROOT / "test-results" / "shots"


class Camera:
    """Takes the pictures of one language and writes down what is wrong."""

    def __init__(self, language: str, only: str, scheme: str) -> None:
        self.foreign = inspection.foreign_words(language)
        self.folder = f"{language}-{scheme}" if scheme == "dark" else language
        self.only, self.faults, self.count = only, list[str](), 0

    def look(self, page: Page, name: str) -> list[str]:
        """Picture and check at both widths; the links of the page."""
        links: list[str] = []
        for width in WIDTHS[1:] if ("narrow" in name and "menu" in name) or "narrow-sw" in name else WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            found, links = inspection.examine(page, self.foreign)
            if self.only in name:
                # in a mail no script runs, also not that of axe
                found += inspection.axe(page) if width == WIDTHS[0] and name != "web-version" else []
                self.faults += [f"{self.folder} {width} {name}: {fault}" for fault in found]
                self._picture(page, TARGET / f"{self.folder}-{width}" / f"{name}.png")
        page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
        return links

    def _picture(self, page: Page, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # anything else than "allow" and "initial" would put a style into the page, which its policy refuses aloud
        page.screenshot(path=path, full_page=True, animations="allow", caret="initial")
        self.count += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lang", choices=("de", "en", "both"), default="both")
    parser.add_argument("--only", default="", help="pictures of pages whose name holds this word")
    parser.add_argument("--dark", action="store_true", help="in the dark scheme")
    parser.add_argument("--url", help="a running demo house")
    parser.add_argument("--instance", type=Path, help="the folder of the running house")
    chosen = parser.parse_args()
    began, faults, count = time.monotonic(), list[str](), 0
    with _house(chosen.url, chosen.instance) as (url, instance):
        for language in ("de", "en") if chosen.lang == "both" else (chosen.lang,):
            camera = Camera(language, chosen.only, "dark" if chosen.dark else "light")
            _walk(url, instance, language, camera, "dark" if chosen.dark else "light")
            faults += camera.faults
            count += camera.count
    print("\n".join(faults))
    print(f"{count} pictures in {TARGET}, {len(faults)} faults, {time.monotonic() - began:.0f} s")
    return 1 if faults else 0


@contextlib.contextmanager
def _house(url: str | None, instance: Path | None) -> Iterator[tuple[str, Path]]:
    if url and instance:
        yield url, instance
        return
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "house", DEMO="1") as house:
        yield house.url, house.instance


def _walk(url: str, instance: Path, language: str, camera: Camera, scheme: str) -> None:
    with closing(sqlite3.connect(instance / "portal.db")) as house, house:
        house.execute("UPDATE user SET language = ?", (language,))
    with sync_playwright() as play:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = browser.new_context(
            base_url=url, locale=language, timezone_id="Europe/Berlin", color_scheme=scheme,  # type: ignore[arg-type]
            viewport={"width": WIDTHS[0], "height": HEIGHT}, reduced_motion="reduce",
        ).new_page()  # fmt: skip
        inspection.watch(page, camera.faults)
        walk.everything_linked(page, camera.look)
        walk.sign_in(page, walk.PEOPLE["chief"])
        for stop in walk.by_state(instance):
            _see(page, stop, camera)
        for name in acts.after_acts(page):
            camera.look(page, name)
        page.context.clear_cookies()
        for stop in walk.public(instance, language):
            _see(page, stop, camera)
        _see(page, walk.Stop("web-version", walk.web_version(instance)), camera)
        browser.close()


def _see(page: Page, stop: walk.Stop, camera: Camera) -> None:
    try:
        if walk.opened(page, stop.path, stop.status):
            camera.look(page, stop.name)
    except AssertionError as error:
        camera.faults.append(f"{stop.name}: {error}")


if __name__ == "__main__":
    sys.exit(main())
