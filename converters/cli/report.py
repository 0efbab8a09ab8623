"""``nuthatch report``: where a compiled model's memory and instructions go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    model: Annotated[str, typer.Argument(help="A .tflite file (int8), a bundle's folder, or a bundled model.")],
    board: Annotated[
        str | None, typer.Option(help="Emulated board that it is run on. [default: none, planned for --target]")
    ] = None,
    target: Annotated[str, typer.Option(help="Core, where no board is given.")] = "cortex-m4",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The page. [default: MODEL-BOARD.html]")] = None,
    inputs: Annotated[int, typer.Option(min=1, help="Invocations that are measured")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="The numbers on stdout; a page only with --out.")] = False,
) -> None:
    """One page: every layer's shapes, bytes and instructions, the arena over time, what limits it, what would help."""
    from converters.cli.failure import one_line

    with one_line():
        _report(model, board, target, out, inputs, as_json)


def _report(model: str, board: str | None, target: str, out: Path | None, inputs: int, as_json: bool) -> None:
    import json

    from converters.cli.bench import place
    from converters.compile import compile_model, open_source
    from converters.measure.result import run
    from converters.report.advice import advice
    from converters.report.facts import facts
    from converters.report.html import html
    from converters.target import target as core

    where = place(board) if board else None
    source = open_source(model)
    made = compile_model(source, core(where.target if where else target))
    found = facts(source, made, run(source, made, where, inputs) if where else None)
    if as_json:
        print(json.dumps({**found.as_json(), "advice": advice(found)}))
    if out or not as_json:
        path = out or Path(f"{source.about.name}-{board or target}.html")
        path.write_text(html(found), "utf-8")
        typer.echo(f"wrote {path}", err=as_json)
