"""Prepare the world for one `manage.py` command, then hand over to Django.

A server whose address is not set is the embedded one: that of the running world, or one
started for the length of the command.
"""

import os
import sys
from collections.abc import MutableMapping

from config.guard import hold_servers
from config.keys import make_content_key, make_secret_key
from config.programs import ServerFailed
from config.worlds import World, find_world

# These change or read the schema as its owner; all others work as the runtime role.
OWNER_COMMANDS = frozenset(
    [
        "dbshell",
        "flush",
        "inspectdb",
        "makemigrations",
        "migrate",
        "optimizemigration",
        "showmigrations",
        "sqlflush",
        "sqlmigrate",
        "squashmigrations",
    ]
)
SERVERLESS_COMMANDS = frozenset(
    [
        "check",
        "deadline",
        "diffsettings",
        "findstatic",
        "help",
        "spectacular",
        "startapp",
        "version",
        "--help",
        "--version",
    ]
)


def main(argv: list[str]) -> None:
    """Run one command line. Exits with one line if the configuration is wrong."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        _run(*_split_data(argv))
    except ServerFailed as error:
        sys.exit(f"tocsin: {error}")


def _run(argv: list[str], chosen: str | None) -> None:
    command = argv[1] if len(argv) > 1 else "help"
    if command == "up":
        # Other commands do not need what this one imports.
        from config import up  # noqa: PLC0415

        up.main(argv[2:], chosen_data=chosen)
        return
    world = find_world(chosen, os.environ)
    _announce(world)
    if command == "signer":
        _sign(world, argv[2:])
        return
    embedded = missing_servers(os.environ)
    set_defaults(os.environ, world=world, is_embedded="postgresql" in embedded)
    needs_servers = command not in SERVERLESS_COMMANDS and "--help" not in argv
    with hold_servers(world.data, embedded if needs_servers else []) as addresses:
        os.environ.update(addresses)
        if command in OWNER_COMMANDS:
            os.environ["TOCSIN_DATABASE_ROLE"] = "owner"
        _run_django(argv)


def _sign(world: World, words: list[str]) -> None:
    """Run the log's signer, which knows neither Django nor a database."""
    from config.signing import signer_words  # noqa: PLC0415  only this one needs it
    from incidents.ledger import signer  # noqa: PLC0415  the same

    environ = {**world.environment, **os.environ}
    signer.main([*signer_words(world.data, environ), *words])


def missing_servers(environ: MutableMapping[str, str]) -> list[str]:
    """Return the servers that no address is set for."""
    variables = {"postgresql": "DATABASE_URL", "valkey": "REDIS_URL"}
    return [server for server, name in variables.items() if not environ.get(name)]


def set_defaults(
    environ: MutableMapping[str, str], *, world: World, is_embedded: bool
) -> None:
    """Set what follows from the data folder, where the environment says nothing."""
    defaults = {"TOCSIN_DATA": str(world.data)}
    if not environ.get("TOCSIN_KEK_FILE"):
        defaults["TOCSIN_KEK_FILE"] = str(make_content_key(world.data))
    if is_embedded:
        defaults |= world.environment
        defaults.setdefault("EMAIL_URL", f"file://{world.data / 'mailbox'}")
        if not environ.get("SECRET_KEY"):
            defaults["SECRET_KEY_FILE"] = str(make_secret_key(world.data))
    for name, value in defaults.items():
        if not environ.get(name):
            environ[name] = value
    environ["TOCSIN_DATA"] = str(world.data)


def _run_django(argv: list[str]) -> None:
    # Django is imported only here, after the servers' addresses are set.
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    try:
        execute_from_command_line(argv)
    except ImproperlyConfigured as error:
        sys.exit(f"tocsin: {error}")


def _announce(world: World) -> None:
    if world.origin != "default":
        sys.stderr.write(f"Using the data in {world.data} ({world.origin}).\n")


def _split_data(argv: list[str]) -> tuple[list[str], str | None]:
    """Take `--data DIR` or `--data=DIR` out of a command line."""
    rest: list[str] = []
    chosen: str | None = None
    words = iter(argv)
    for word in words:
        if word == "--data":
            chosen = next(words, None)
            if not chosen:
                sys.exit("tocsin: --data needs a folder.")
        elif word.startswith("--data="):
            chosen = word.removeprefix("--data=")
        else:
            rest.append(word)
    return rest, chosen
