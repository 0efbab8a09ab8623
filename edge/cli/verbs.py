"""Verbs: the entry points of the group ``nuthatch.verbs``, each a function or a typer application."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points, version

import typer

GROUP = "nuthatch.verbs"


def application(arguments: list[str]) -> typer.Typer:
    """The application with the verb that the arguments name; with all of them if they name none (help)."""
    app = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(nuthatch)
    found = sorted(entry_points(group=GROUP), key=lambda e: e.name)
    verb = next((a for a in arguments if not a.startswith("-")), None)
    named = [e for e in found if e.name == verb]
    needed = named[:1] or ([] if arguments == ["--version"] else _distinct(found))
    for entry in needed:
        _add(app, entry, must_load=bool(named))
    return app


def load(verb: str) -> object:
    """Another verb's function; raises ModuleNotFoundError where its package is not installed."""
    return next(e for e in entry_points(group=GROUP) if e.name == verb).load()


def package_of(verb: str) -> str:
    """The module that a verb is in, or nothing."""
    return next((e.module for e in entry_points(group=GROUP) if e.name == verb), "")


def nuthatch(
    context: typer.Context, show_version: bool = typer.Option(False, "--version", help="Print the version.")
) -> None:
    """Small models that hear, on the device itself."""
    if show_version:
        print(f"nuthatch {version('nuthatch')}")
    elif context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(2)


def _distinct(found: Iterable[EntryPoint]) -> list[EntryPoint]:
    return list({e.name: e for e in found}.values())


def _add(app: typer.Typer, entry: EntryPoint, must_load: bool) -> None:
    try:
        verb = entry.load()
    except (ImportError, AttributeError) as e:
        if must_load:
            raise
        _add_absent(app, entry, e)
        return
    if isinstance(verb, typer.Typer):
        app.add_typer(verb, name=entry.name)
    else:
        app.command(entry.name)(verb)


def _add_absent(app: typer.Typer, entry: EntryPoint, error: Exception) -> None:
    """In the help, a verb whose packages are not installed is listed with what it wants."""
    from edge.cli.extras import install_line

    missing = getattr(error, "name", None) or "a part of nuthatch"
    remedy = install_line(missing, entry.module) or ""
    app.command(entry.name, help=f"Not available: needs {missing}. {remedy}")(lambda: None)
