"""``nuthatch soak``: does the daemon last on this machine?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def soak(
    recording: Annotated[Path, typer.Argument(help="A sound file, heard again and again.")],
    model: Annotated[
        list[str] | None, typer.Option(help="May be repeated. [default: wake_alexa, wake_computer]")
    ] = None,
    hours: Annotated[float, typer.Option(min=0.001, help="Of audio.")] = 24.0,
    speed: Annotated[float, typer.Option(min=0.1, help="Times real time.")] = 20.0,
    out: Annotated[Path | None, typer.Option(help="Folder for the page soak.md.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Push hours of audio through the daemon: memory, lost samples, the clock. Exit 1 when it does not pass."""
    from edge.daemon import soak as soaking

    models = model or ["wake_alexa", "wake_computer"]
    result = soaking.soak(models, recording, hours, speed, lambda line: print(line, file=sys.stderr))
    command = f"nuthatch soak {recording.name} --hours {hours:g} --speed {speed:g}"
    text = soaking.page(result, " ".join([command, *(f"--model {m}" for m in models)]))
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "soak.md").write_text(text, "utf-8")
    print(soaking.to_json(result) if json else text, end="\n" if json else "")
    if not result.passed:
        raise typer.Exit(1)
