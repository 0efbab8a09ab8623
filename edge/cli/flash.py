"""``nuthatch flash``: build, find the board, say what was found, flash."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from edge.board import Board

BoardName = Annotated[str, typer.Option("--board", "-b", help="A board of `nuthatch board ls`.")]
Project = Annotated[Path | None, typer.Option(help="Another PlatformIO project than this checkout's firmware/.")]


def flash(
    model: Annotated[str, typer.Argument(help="A bundled model, a bundle's folder, or a .tflite (--app bench).")],
    board: BoardName,
    port: Annotated[str | None, typer.Option(help="Which one, where several are connected.")] = None,
    app: Annotated[str, typer.Option(help="The program around the model.")] = "keyword",
    project: Project = None,
) -> None:
    """Put a model onto a board (into its emulator), found by its USB id.

    Exit code 3: the model does not fit. 4: no board, several, or one that may be another; nothing was flashed.
    """
    from edge import platformio
    from edge.usb import FlashError

    folder = (project or platformio.PROJECT).resolve()
    where = firmware_board(board, folder)
    try:
        arguments, variables = _target(where, port, folder)
    except FlashError as e:
        typer.echo(f"nuthatch: {e}", err=True)
        raise typer.Exit(4) from None
    _build(model, board, app, folder)
    code = platformio.run(
        ["run", "-e", board, "-t", "upload", *arguments], folder, {"NUTHATCH_PREPARED": "1", **variables}
    )
    if code:
        raise typer.Exit(1)


def firmware_board(name: str, project: Path) -> Board:
    """A board that takes firmware; else a usage error."""
    from edge.board import BoardError, open_board
    from edge.platformio import project_boards

    try:
        found = open_board(name, project_boards(project))
    except BoardError as e:
        raise typer.BadParameter(str(e), param_hint="--board") from None
    if not found.environment:
        raise typer.BadParameter(f"{name} runs the daemon: nuthatch listen --model NAME", param_hint="--board")
    return found


def _target(board: Board, port: str | None, project: Path) -> tuple[list[str], dict[str, str]]:
    """PlatformIO's arguments and environment variables for the one board that is meant; says which."""
    if board.uf2 and (port is not None or not board.simulated) and not (port or "").startswith("socket:"):
        from edge.usb import choose_drive

        drive = choose_drive(board, port)
        typer.echo(f"{board.id}: flashing {drive}", err=True)
        return ["--upload-port", str(drive)], {}
    if board.simulated:
        address = port or board.port
        typer.echo(f"{board.id}: emulated on this machine, UART on {address}", err=True)
        return ["--upload-port", address], {}
    from edge.board import known, open_board
    from edge.platformio import project_boards
    from edge.usb import choose, ports

    folder = project_boards(project)
    found = choose(board, [open_board(n, folder) for n in known(folder)], ports(), port)
    typer.echo(f"{board.id}: flashing {found} by {board.flash_by}", err=True)
    if board.pick and found.serial:
        return [], {"PLATFORMIO_UPLOAD_FLAGS": board.pick.format(serial=found.serial)}
    return ([] if board.pick else ["--upload-port", found.device]), {}


def _build(model: str, board: str, app: str, project: Path) -> None:
    """The verb ``build``, which belongs to another package; its exit codes are ours."""
    from edge.cli.verbs import load

    build: Any = load("build")
    build(model=model, board=board, app=app, prepare=False, project=project, json=False, verbose=False)
