"""`nuthatch bench`: what a compiled model takes on a board; what a listening model costs on this machine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from training.cli import bench as listening

if TYPE_CHECKING:
    from converters.measure.result import Result
    from edge.board import Board

ANCHORS, DAEMON = "anchors", "daemon"


def bench(
    model: listening.Model,
    board: listening.BoardName = "native",
    inputs: Annotated[int, typer.Option(min=1, help="Of a compiled model: invocations compared with TFLM")] = 4,
    repeats: listening.Repeats = 5,
    seconds: listening.Seconds = 120.0,
    wake: listening.Wake = False,
    folds: listening.Folds = None,
    data: listening.Data = None,
    budget: listening.Budget = 1.0,
    write: listening.Write = False,
    snr: listening.Snr = 10.0,
    seed: listening.Seed = 0,
    pictures: listening.Pictures = None,
    rivals: listening.Rivals = None,
    run: listening.Run = None,
    split: listening.Split = "test",
    out: listening.Out = None,
    as_json: listening.AsJson = False,
) -> None:
    """Measure a model: compiled on an emulated board, or a listening bundle on this machine.

    A .tflite, or a bundle with another board than native, is compiled, linked, run and compared with TFLM.
    A bundle on native listens, beside pymicro-wakeword where that knows the word.
    --pictures gives the IoU of a model for pictures, beside rivals.
    `anchors` measures every model of the published figures (files in DATA/models) on every core; `daemon` what
    `nuthatch run` takes in steady state, beside pymicro-wakeword.
    """
    if model == ANCHORS:
        _table(data, out, as_json)
        return
    if model == DAEMON:
        listening.daemon(seconds, out, as_json)
        return
    if pictures:
        if board != "native" or wake or folds or data:
            raise typer.BadParameter("--pictures goes without --board, --wake, --folds and --data")
        listening.portraits(model, pictures, rivals, run, split, write, out, as_json)
        return
    if rivals or run:
        raise typer.BadParameter("--rivals and --run go with --pictures")
    if board == "native" and not model.endswith(".tflite"):
        listening.bench(model, board, repeats, seconds, wake, folds, data, budget, write, snr, seed, out, as_json)
        return
    if wake or folds or data:
        raise typer.BadParameter(f"--wake, --folds and --data measure listening on native, not {model} on {board}")
    _measure(model, board, inputs, as_json)


def _table(data: Path | None, out: Path | None, as_json: bool) -> None:
    from converters.measure.anchors import anchors
    from converters.measure.page import page
    from converters.measure.table import table

    folder = data or (Path(os.environ["NUTHATCH_DATA"]) if os.environ.get("NUTHATCH_DATA") else None)
    boards = list(anchors().boards)
    rows, absent = table(
        folder and folder / "models", boards, lambda line: typer.echo(line, err=True), os.cpu_count() or 1
    )
    text = page(rows, absent, boards)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "mcu.md").write_text(text, "utf-8")
    found = [r for row in rows for r in row.results.values() if not isinstance(r, str)]
    print(json.dumps([r.as_json() for r in found]) if as_json else text, end="\n" if as_json else "")
    if len(found) < len(rows) * len(boards) or not all(r.bit_exact for r in found):
        typer.echo("nuthatch: some runs fail or differ from TFLM; the table says which", err=True)
        raise typer.Exit(1)


def place(board: str) -> Board:
    """The board; one that is not there is a usage error."""
    from edge.board import BoardError, open_board

    try:
        return open_board(board)
    except BoardError as e:
        raise typer.BadParameter(str(e), param_hint="--board") from None


def _measure(model: str, board: str, inputs: int, as_json: bool) -> None:
    from converters.cli.failure import one_line

    where = place(board)
    with one_line():
        from converters.compile import open_source
        from converters.measure.host import bench_host
        from converters.measure.result import bench as measured

        source = open_source(model)
        if where.emulated:
            result = measured(source, where, inputs)
            found, text = result.as_json(), _text(result)
        else:
            found = bench_host(source, inputs)
            text = _host_text(found)
        print(json.dumps(found) if as_json else text, flush=True)
    if not found["bit_exact"]:
        typer.echo(
            f"nuthatch: {found['model']} on {board} differs from {found['judge']}: {found['first_difference']}",
            err=True,
        )
        raise typer.Exit(1)


def _host_text(found: dict[str, Any]) -> str:
    return (
        f"{found['model']} on this machine: {found['microseconds']:,} us an invocation, "
        f"{found['judge']} {'equal' if found['bit_exact'] else 'DIFFERENT'} on {found['inputs']} inputs\n"
        f"arena {found['arena_bytes']:,} B, variables {found['static_bytes']:,} B, "
        f"code {found['flash_code_bytes']:,} B, constants {found['flash_const_bytes']:,} B"
    )


def _text(result: Result) -> str:
    """Totals, then the calls with their share."""
    per_mac = f", {result.instructions_per_mac:.2f} a multiply-accumulate" if result.instructions_per_mac else ""
    lines = [
        f"{result.model} on {result.board} ({result.target}), {result.macs:,} multiply-accumulates",
        f"instructions  {result.instructions:,}{per_mac}; init {result.init_instructions:,}",
        f"RAM           {result.ram_bytes:,} B: arena {result.arena_bytes:,}, "
        f"variables {result.static_bytes:,}, stack {result.stack_bytes:,}",
        f"flash         code {result.flash_code_bytes:,} B, constants {result.flash_const_bytes:,} B",
        f"{result.judge:<14}{'equal' if result.bit_exact else 'DIFFERENT'} on {result.inputs} inputs",
    ]
    for layer in result.layers:
        count = "" if layer.instructions is None else f"{layer.instructions:>12,}"
        share = "" if layer.instructions is None else f"{layer.instructions / max(1, result.instructions):>7.1%}"
        lines.append(f"  {layer.operator:<20}{layer.kernel:<28}{layer.variant:<24}{layer.macs:>12,}{count}{share}")
    return "\n".join(lines)
