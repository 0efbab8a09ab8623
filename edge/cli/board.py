"""``nuthatch board``: the boards, and what is known of one."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from edge.board import Board

app = typer.Typer(help="List boards and show what is known of one.", no_args_is_help=True)

JSON = typer.Option(False, "--json", help="JSON instead of a table.")
FOLDER = typer.Option(None, "--boards", help="Another folder of board files.")


@app.command("ls")
def ls(json: bool = JSON, boards: Path | None = FOLDER) -> None:
    """Boards: core, memory, microphone, how a program gets onto them."""
    from edge.board import known

    for board in (_open(n, boards) for n in known(*_folder(boards))):
        print(json_module.dumps(_facts(board), ensure_ascii=False) if json else _row(board))


@app.command("info")
def info(
    name: str = typer.Argument(help="Id of a board."),
    model: str | None = typer.Option(None, help="A bundle, to see whether it may fit."),
    json: bool = JSON,
    boards: Path | None = FOLDER,
) -> None:
    """Cores, memory, microphone, how it is flashed; what fits (exactly: `nuthatch build`)."""
    board = _open(name, boards)
    facts = _facts(board) | ({"fits": _fits(board, model)} if model or board.environment else {})
    print(json_module.dumps(facts, ensure_ascii=False) if json else _card(facts))


def _folder(boards: Path | None) -> tuple[Path, ...]:
    return () if boards is None else (boards,)


def _open(name: str, boards: Path | None) -> Board:
    from edge.board import BoardError, open_board

    try:
        return open_board(name, *_folder(boards))
    except BoardError as e:
        raise typer.BadParameter(str(e)) from None


def _facts(board: Board) -> dict[str, Any]:
    return {
        "id": board.id,
        "title": board.title,
        "runs": "firmware" if board.environment else "the daemon",
        "core": board.core or board.target,
        "cores": board.cores,
        "clock_hz": board.clock_hz or None,
        "kernels": board.target,
        "flash_bytes": board.flash.bytes or None,
        "ram_bytes": board.ram.bytes or board.memory_bytes or None,
        "mic": board.mic,
        "flashed_by": board.flash_by or None,
        "usb": list(board.usb),
        "platform": " ".join(x for x in (board.platform, board.framework) if x) or None,
        "backends": list(board.backends),
        "notes": board.notes or None,
    }


def _row(board: Board) -> str:
    flash, ram = _size(board.flash.bytes), _size(board.ram.bytes or board.memory_bytes)
    where = "emulated" if board.simulated else "board" if board.environment else "daemon"
    return f"{board.id:<20} {where:<9} {board.target:<11} {flash:>6} {ram:>6}  {board.title}"


def _size(n: int) -> str:
    return f"{n >> 20}M" if n >= 1 << 20 and n % (1 << 20) == 0 else f"{n >> 10}K" if n else "-"


def _card(facts: dict[str, Any]) -> str:
    fits = facts.get("fits", [])
    lines = [
        f"{k.replace('_', ' '):<12}{_shown(k, v)}" for k, v in facts.items() if k != "fits" and v not in (None, [])
    ]
    if fits:
        lines.append("fits        (of RAM and flash at least; exactly: nuthatch build)")
    lines += [f"  {f['model']:<18}{f['verdict']}" for f in fits]
    return "\n".join(lines)


def _shown(key: str, value: Any) -> str:
    if isinstance(value, int) and key != "cores":
        return f"{value:,}"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _fits(board: Board, model: str | None) -> list[dict[str, Any]]:
    """By the files' sizes alone: weights are most of a step graph, its states most of the RAM."""
    from edge.manifest import bundled_names, open_bundle

    found = []
    for name in [model] if model else bundled_names():
        manifest = open_bundle(name).manifest
        file = "stream.tflite" if manifest.stream else "model.tflite"
        flash, ram = manifest.files[file].bytes, manifest.stream.state_bytes if manifest.stream else 0
        least = {"flash": (flash, board.flash.bytes), "RAM": (ram, board.ram.bytes or board.memory_bytes)}
        over = [f"{k}: {n:,} B of {size:,} B" for k, (n, size) in least.items() if size and n > size]
        verdict = (
            f"no: {', '.join(over)}" if over else f"may fit: about {flash:,} B of flash, {ram:,} B of RAM and more"
        )
        found.append({"model": manifest.name, "flash_bytes": flash, "ram_bytes": ram, "verdict": verdict})
    return found
