"""``nuthatch monitor``: what a board says, and what you say to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.cli.flash import BoardName, Project, firmware_board


def monitor(
    board: BoardName,
    port: Annotated[str | None, typer.Option(help="Serial port or socket://host:port.")] = None,
    project: Project = None,
) -> None:
    """A terminal on a board's serial line (PlatformIO's; ctrl+c ends it). Exit code 4: no board, or several."""
    from edge import platformio

    folder = (project or platformio.PROJECT).resolve()
    raise typer.Exit(platformio.run(["device", "monitor", "-e", board, "--port", _port(board, port, folder)], folder))


def _port(name: str, port: str | None, project: Path) -> str:
    board = firmware_board(name, project)
    if port is not None or board.simulated:
        return port or board.port
    from edge.usb import FlashError, choose, ports

    try:
        found = choose(board, [], ports())
    except FlashError as e:
        typer.echo(f"nuthatch: {e}", err=True)
        raise typer.Exit(4) from None
    typer.echo(f"{board.id}: {found}", err=True)
    return found.device
