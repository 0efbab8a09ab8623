"""``nuthatch service``: install, status, logs, uninstall the service of this machine or of this user."""

from __future__ import annotations

import json as json_module
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The service under systemd: install, status, logs, uninstall.", no_args_is_help=True)

User = Annotated[bool, typer.Option("--user", help="This user's own service instead of the machine's.")]
Root = Annotated[Path | None, typer.Option(help="Folder of another machine's file system, such as an image's.")]


@app.command()
def install(
    user: User = False,
    config: Annotated[Path | None, typer.Option(help="Without it: /etc/nuthatch/config.toml, or the user's.")] = None,
    root: Root = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the unit and what would be done.")] = False,
) -> None:
    """Write the unit (and an example configuration where there is none), enable and start it."""
    from edge.daemon.installation import Installation

    asked = Installation(user, config, root)
    if dry_run:
        _tell(*asked.plan())
        print(asked.unit.text(), end="")
        return
    asked.install()
    _tell(*asked.exposed)
    _tell(f"installed {asked.unit_path}", f"configuration: {asked.config_path}")
    if user:
        _tell("to run without you logged in: sudo loginctl enable-linger $USER")


@app.command()
def status(user: User = False, json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Say how the service is; exit 0 if it runs."""
    from edge.daemon.installation import Installation

    found = Installation(user).status()
    if json:
        print(json_module.dumps(found))
    elif found.get("LoadState") == "not-found":
        print("not installed; nuthatch service install")
    else:
        print(f"{found.get('ActiveState')} ({found.get('SubState')}) since {found.get('ActiveEnterTimestamp') or '-'}")
        print(f"{found.get('StatusText') or '-'}")
        print(f"process {found.get('MainPID')}, {_mb(found.get('MemoryCurrent'))}, {found.get('NRestarts')} restarts")
    raise typer.Exit(0 if found.get("ActiveState") in ("active", "reloading") else 1)


@app.command()
def logs(
    user: User = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="So many of the last.")] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="And those to come; Ctrl-C ends it.")] = False,
) -> None:
    """Show what the service said."""
    from edge.daemon.installation import Installation, run

    command = Installation(user).logs_command(lines, follow)
    if not follow:
        print(run(command), end="")
        return
    sys.stdout.flush()
    try:
        os.execvp(command[0], command)
    except FileNotFoundError:
        _tell("journalctl is not here: no systemd")
        raise typer.Exit(1) from None


@app.command()
def uninstall(user: User = False, root: Root = None) -> None:
    """Stop the service and remove its unit; configuration, events and labels stay."""
    from edge.daemon.installation import Installation

    asked = Installation(user, None, root)
    asked.uninstall()
    state = "~/.local/state/nuthatch" if user else "/var/lib/nuthatch"
    _tell(f"removed {asked.unit_path}", f"kept {asked.config_path} and {state}")


def _mb(text: str | None) -> str:
    """systemd's bytes, or a word where it does not count them."""
    return f"{int(text) / 1e6:.0f} MB" if text and text.isdigit() else "memory not counted"


def _tell(*lines: str) -> None:
    for line in lines:
        print(f"nuthatch: {line}", file=sys.stderr)
