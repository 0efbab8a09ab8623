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
    where = address(board, port, project)
    code = platformio.run(["device", "monitor", "-e", board, "--port", where], folder)
    if code and where.startswith("socket:"):
        typer.echo(f"nuthatch: is anything behind {where}? nuthatch flash MODEL --board {board} starts it", err=True)
    raise typer.Exit(code)


def address(name: str, port: str | None = None, project: Path | None = None) -> str:
    """Where a board's serial line is: the one that is asked for, its emulator's socket, or the one found on USB."""
    from edge import platformio
    from edge.usb import FlashError, choose, ports

    board = firmware_board(name, (project or platformio.PROJECT).resolve())
    if port is not None or board.simulated:
        return port or board.port
    try:
        found = choose(board, [], ports())
    except FlashError as e:
        typer.echo(f"nuthatch: {e}", err=True)
        raise typer.Exit(4) from None
    typer.echo(f"{board.id}: {found}", err=True)
    return found.device
