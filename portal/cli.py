"""The `rundbrief` command: the whole house with `up`, or piece by piece."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace

from dispatcher.engine import lean
from portal.setting_values import SettingsError
from portal.settings import Settings, load
from portal.supervisor import CONFIG_EXIT

Command = Callable[[Settings, argparse.Namespace], int]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 done, 1 refused or failed, 2 wrong usage, 78 wrong settings."""
    options = _parser().parse_args(arguments)
    try:
        settings = load()
    except SettingsError as error:
        return _refused(error)
    if options.command is deliver:
        lean.leave_out(settings.database_url, settings.queue_url)
    return _run(settings, options)


def _run(settings: Settings, options: argparse.Namespace) -> int:
    from peewee import InterfaceError, OperationalError

    from domain.errors import DomainError
    from portal import logs
    from portal.house import open_house

    logs.configure(options.command.__name__)
    try:
        open_house(settings)
        return options.command(settings, options)
    except SettingsError as error:
        return _refused(error)
    except DomainError as error:
        print(f"rundbrief: {error}", file=sys.stderr)
        return 1
    except (OperationalError, InterfaceError) as error:
        reason = (str(error).splitlines() or ["no reason given"])[0]
        print(
            f"rundbrief: the database refuses ({reason}). Check DATABASE_URL or run `rundbrief migrate`.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130


def _refused(error: SettingsError) -> int:
    print(f"rundbrief: {error}", file=sys.stderr)
    return CONFIG_EXIT


def up(settings: Settings, options: argparse.Namespace) -> int:
    """Migrate, build the demo house on first start, run everything until Ctrl-C."""
    from portal.launch import run_house

    return run_house(settings)


def web(settings: Settings, options: argparse.Namespace) -> int:
    """Run the web process alone."""
    from portal.web import WebServer, free_port

    if not settings.port_given:  # a given port may still be held by the one before us: gunicorn waits for it
        settings = settings.with_port(free_port(settings))
    WebServer(settings).run()
    return 0


def deliver(settings: Settings, options: argparse.Namespace) -> int:
    """Run the sending process alone: pump, connections, journal."""
    from dispatcher import worker

    worker.deliver(settings)
    return 0


def work(settings: Settings, options: argparse.Namespace) -> int:
    """Run the background process alone: rendering, imports, pictures."""
    from dispatcher import worker

    worker.work(settings)
    return 0


def catcher(settings: Settings, options: argparse.Namespace) -> int:
    """Run the mail catcher alone; it writes its port to instance/catcher.port."""
    from dispatcher.catcher import serve

    serve(settings.instance, port=options.port)
    return 0


def migrate(settings: Settings, options: argparse.Namespace) -> int:
    """Bring the database to the newest schema."""
    from domain import db

    applied = db.migrate()
    print("\n".join(f"applied {name}" for name in applied) or "The database is up to date.")
    return 0


def demo(settings: Settings, options: argparse.Namespace) -> int:
    """Build the demo house in an empty installation."""
    from domain import db
    from portal.house import is_empty
    from portal.launch import build_demo, demo_lines

    db.migrate()
    if not is_empty():
        print(
            "This house has people already. The demo house needs an empty one: set INSTANCE to another folder."
        )
        return 1
    build_demo(replace(settings, demo=True))
    print("\n".join(demo_lines()))
    return 0


def check(settings: Settings, options: argparse.Namespace) -> int:
    """Look at settings, database, files, queue and mail server; 1 if something needs a hand."""
    from portal.checks import findings

    found = findings(settings)
    for finding in found:
        print(f"{'ok  ' if finding.is_fine else 'FAIL'}  {finding.subject}: {finding.text}")
    return 0 if all(finding.is_fine for finding in found) else 1


def user_add(settings: Settings, options: argparse.Namespace) -> int:
    """Create a person, or give a known one a role in a tenant."""
    from portal.people import add_person

    print("\n".join(add_person(options.email, options.name, options.tenant, options.role)))
    return 0


def token(settings: Settings, options: argparse.Namespace) -> int:
    """Print the set-up token of an empty house."""
    from portal.house import is_empty, setup_token

    if not is_empty():
        print("This house is set up; there is no set-up token any more.")
        return 1
    print(setup_token(settings.instance))
    return 0


def secrets(settings: Settings, options: argparse.Namespace) -> int:
    """Print the secrets of this installation for `rundbrief join` on another machine; keep the line to yourself."""
    from portal.joining import secrets_of

    print(secrets_of(settings))
    return 0


def join(settings: Settings, options: argparse.Namespace) -> int:
    """Make this machine one of an installation: reads what `rundbrief secrets` printed there from standard input."""
    from portal.joining import join as joined

    print("\n".join(joined(settings, sys.stdin.readline())))
    return 0


def audit_verify(settings: Settings, options: argparse.Namespace) -> int:
    """Check the hash chain of every log; 1 and the entry if one does not fit."""
    from portal import chains

    return chains.verify(options.against)


def audit_heads(settings: Settings, options: argparse.Namespace) -> int:
    """Print the end of every chain as JSON, to be kept where nobody can change it together with the database."""
    from portal import chains

    return chains.heads()


def feedback(settings: Settings, options: argparse.Namespace) -> int:
    """Read a bounce or a complaint from standard input: the mail server pipes what comes to the return path in here."""
    from dispatcher import feedback as door
    from domain import db

    with db.connection():
        taken = door.take(sys.stdin.buffer.read(door.MOST_BYTES), options.to)
    if taken.why:
        print(f"Left alone. {taken.why}")
    else:
        end = "its address is on the suppression list" if taken.is_stopped else "noted"
        print(f"Mail {taken.delivery_id}: {taken.kind}, {end}.")
    return 0  # also for what is not ours: the mail server must not bounce a bounce


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rundbrief", description="The newsletter house and its parts.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (up, web, deliver, work, migrate, demo, check, secrets, join):
        _add(commands, command.__name__, command)
    _add(commands, "setup-token", token)
    _add(commands, "catcher", catcher).add_argument("--port", type=int, default=0, help="0: any free one")
    logs = _add(commands, "audit", audit_verify, "The log: `audit verify`, `audit heads`.").add_subparsers(
        required=True, metavar="verify|heads"
    )
    _add(logs, "verify", audit_verify).add_argument(
        "--against",
        metavar="FILE",
        help="what `audit heads` printed earlier: finds a log that was cut or rewritten",
    )
    _add(logs, "heads", audit_heads)
    _add(commands, "feedback", feedback).add_argument(
        "--to", default="", metavar="ADDRESS", help="where it came to, for example ${ORIGINAL_RECIPIENT}"
    )
    people = _add(commands, "user", user_add, "People: `user add`.").add_subparsers(
        required=True, metavar="add"
    )
    _user_arguments(_add(people, "add", user_add))
    return parser


def _user_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("email")
    parser.add_argument("--name", default="", help="full name; default is the part before the @")
    parser.add_argument("--tenant", required=True, help="short name of the tenant")
    parser.add_argument(
        "--role", default="administrator", help="a role of that tenant (default: administrator)"
    )


def _add(
    commands: argparse._SubParsersAction, name: str, command: Command, summary: str = ""
) -> argparse.ArgumentParser:
    text = summary or (command.__doc__ or "").strip()
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
