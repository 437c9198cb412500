"""The web process: gunicorn with one worker and threads, started from Python."""

import os
import signal
import socket
from typing import Any

from gunicorn.app.base import BaseApplication

from dispatcher.engine.ties import tie_to_parent
from portal.setting_values import SettingsError
from portal.settings import DEFAULT_PORT, Settings

HOST = "127.0.0.1"  # a reverse proxy with TLS stands in front of anything public
THREADS = 8
PORTS_TRIED = 50


class WebServer(BaseApplication):
    """One worker, because rate limits and small caches live in memory; threads wait for the database."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": f"{HOST}:{self._settings.port}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": THREADS,
            "timeout": 120,
            "graceful_timeout": 5,
            "keepalive": 15,
            "loglevel": "warning",
            "control_socket_disable": True,  # it would be opened in the user's home
            "post_fork": _end_with_arbiter,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from portal.factory import create_app
        from portal.house import open_house

        open_house(self._settings)
        return create_app(self._settings)


def free_port(settings: Settings) -> int:
    """The port of `settings`, or the next free one when nobody chose it; SettingsError if a chosen one is taken."""
    if _is_free(settings.port):
        return settings.port
    if settings.port_given:
        raise SettingsError(f"PORT: {settings.port} is taken; allowed is a free port from 1 to 65535")
    for port in range(DEFAULT_PORT + 1, DEFAULT_PORT + PORTS_TRIED):
        if _is_free(port):
            return port
    raise SettingsError(
        f"PORT: {DEFAULT_PORT} and the {PORTS_TRIED} after it are taken; allowed is a free port"
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise SettingsError(
                f"PORT: {port} needs more rights; allowed is a number from 1024 to 65535"
            ) from None
        except OSError:
            return False
    return True


def _end_with_arbiter(arbiter: Any, worker: Any) -> None:
    tie_to_parent(os.getppid(), signal.SIGTERM)
