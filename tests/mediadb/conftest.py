from pathlib import Path

import pytest

from mediadb import storage
from tests import world as worlds


@pytest.fixture
def world(database: str, tmp_path: Path) -> worlds.World:
    storage.configure(f"file://{tmp_path / 'media'}")
    return worlds.build()
