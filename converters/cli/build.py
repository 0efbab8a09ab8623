"""``nuthatch build``: a model becomes firmware for a board."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.cli.flash import BoardName, Project, firmware_board

if TYPE_CHECKING:
    from converters.build import Firmware
    from converters.fit import Bytes

Model = Annotated[str, typer.Argument(help="A bundled model, a bundle's folder, or a .tflite file (--app bench).")]
App = Annotated[str, typer.Option(help="The program around the model: a file or folder of firmware/apps.")]


def build(
    model: Model,
    board: BoardName,
    app: App = "keyword",
    prepare: Annotated[bool, typer.Option("--prepare", help="Only write the library; PlatformIO calls this.")] = False,
    project: Project = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the lines.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="All that PlatformIO says.")] = False,
) -> None:
    """Build firmware: compile the model for the board's core, check that it fits, build with PlatformIO.

    Exit code 3: it does not fit, with the numbers and what would.
    """
    from converters import build as work
    from converters.cli.failure import one_line
    from converters.fit import FitError
    from edge import platformio

    folder = (project or platformio.PROJECT).resolve()
    where = firmware_board(board, folder)
    with one_line():
        try:
            firmware = work.prepare(model, where, app, folder)
            if prepare:
                return
            work.choose(firmware, model)
            taken, said = work.build(firmware)
        except FitError as e:
            typer.echo(f"nuthatch: {e}", err=True)
            raise typer.Exit(3) from None
    if verbose:
        typer.echo(said, err=True)
    print(_json(firmware, taken) if json else _text(firmware, taken))


def _facts(firmware: Firmware, taken: Bytes | None) -> dict[str, Any]:
    from converters.budget import needed
    from converters.emit.c import const_bytes
    from converters.fit import STACK_BYTES

    board = firmware.board
    return {
        "model": firmware.name,
        "sha256": firmware.source.about.sha256,
        "board": board.id,
        "core": board.target,
        "app": firmware.app,
        "flash_bytes": taken.flash if taken else None,
        "ram_bytes": taken.ram - STACK_BYTES if taken else None,
        "flash_of_bytes": board.flash.bytes or None,
        "ram_of_bytes": board.ram.bytes or None,
        "model_ram_bytes": needed(firmware.plan),
        "model_const_bytes": const_bytes(firmware.plan),
    }


def _json(firmware: Firmware, taken: Bytes | None) -> str:
    import json

    return json.dumps(_facts(firmware, taken), ensure_ascii=False)


def _text(firmware: Firmware, taken: Bytes | None) -> str:
    facts = _facts(firmware, taken)
    lines = [f"{facts['model']} with {facts['app']} on {facts['board']} ({facts['core']})"]
    for kind, own in (("flash", "model_const_bytes"), ("ram", "model_ram_bytes")):
        of = f" of {facts[f'{kind}_of_bytes']:,} B" if facts[f"{kind}_of_bytes"] else ""
        if facts[f"{kind}_bytes"] is not None and of:
            lines.append(f"{kind.upper():<6}{facts[f'{kind}_bytes']:>10,} B{of}, {facts[own]:,} B of it the model's")
    lines.append(f"firmware/.pio/build/{facts['board']} has the program; next: nuthatch flash, nuthatch monitor")
    return "\n".join(lines)
