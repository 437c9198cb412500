import pytest

from tests import world as worlds


@pytest.fixture
def world(database: str) -> worlds.World:
    return worlds.build()
