"""``nuthatch config``: the configuration of the service: what there is, whether it is right, what is in force."""

from __future__ import annotations

import json as json_module
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Configuration of the service: schema, check, example, show.", no_args_is_help=True)

File = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Without it: ./nuthatch.toml, ~/.config/nuthatch/config.toml or /etc/nuthatch/config.toml.",
    ),
]


@app.command()
def schema(
    table: Annotated[bool, typer.Option("--table", help="As the tables of docs/config.md.")] = False,
    write: Annotated[Path | None, typer.Option(help="Put the tables between their marks in this document.")] = None,
) -> None:
    """Print the JSON schema of the file, for editors."""
    from edge.daemon.config_example import documented, markdown
    from edge.daemon.config_schema import schema as whole

    if write:
        write.write_text(documented(write.read_text("utf-8")), "utf-8")
    else:
        print(markdown() if table else json_module.dumps(whole(), indent=2, ensure_ascii=False))


@app.command()
def check(config: File = None) -> None:
    """Say what is wrong, one line each with file, line, field and remedy; exit 0 if nothing is."""
    from edge.daemon.config import ConfigError, load
    from edge.daemon.secret import exposed

    try:
        found = load(config)
    except ConfigError as e:
        for problem in e.problems:
            print(problem)
        raise typer.Exit(1) from None
    tasks = sum(t.enabled for t in found.task)
    print(f"{found.path or 'defaults, no file'}: ok, {_count(tasks, 'task')}, {_count(len(found.sink), 'sink')}")
    for line in exposed(found, found.path):
        print(f"nuthatch: {line}", file=sys.stderr)


@app.command()
def example() -> None:
    """Print a complete file, every field explained and at its default."""
    from edge.daemon.config_example import example as text

    print(text(), end="")


@app.command()
def show(
    config: File = None,
    json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Print what is in force and where each value was said; secrets are hidden."""
    from edge.daemon.config import load
    from edge.daemon.config_example import plain, shown

    found = load(config)
    print(json_module.dumps(plain(found), ensure_ascii=False) if json else shown(found), end="\n" if json else "")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
