"""Composition root: settings → database → application. `app:create()` for WSGI servers, or run as a command."""

import sys

from flask import Flask

from portal.cli import main
from portal.factory import create_app
from portal.house import open_house
from portal.settings import load


def create() -> Flask:
    """The application of the installation that the environment names."""
    settings = load()
    open_house(settings)
    return create_app(settings)


if __name__ == "__main__":
    sys.exit(main())
