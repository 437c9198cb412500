"""Log lines: one JSON object each, or readable on a terminal. Values of local variables never get in: they may
be secrets or people's data."""

import logging
import sys

import structlog
from structlog.typing import EventDict, WrappedLogger


def configure(part: str = "") -> None:
    """Set up structlog and the standard library's logging; every line names the part (web, deliver …) that wrote it."""

    def name_part(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        return {**event, "part": part} if part else event

    is_terminal = sys.stderr.isatty()
    renderer = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if is_terminal
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            name_part,  # not a context variable: the threads of a process would not see it
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if is_terminal else "iso", utc=not is_terminal),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format=f"%(asctime)s [%(levelname)s] {part} %(name)s: %(message)s",
    )
