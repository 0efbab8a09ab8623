"""``nuthatch play``: a recording into a board; the events or states that the board hears."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.cli.flash import BoardName, Project
from edge.cli.monitor import address

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.link import Link


def play(
    source: Annotated[Path, typer.Argument(help="A sound file.")],
    board: BoardName,
    port: Annotated[str | None, typer.Option(help="Serial port or socket://host:port.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    project: Project = None,
) -> None:
    """Play a recording into a board instead of its microphone, and print what it hears.

    At the end, what each stage of a step took. The events are those of `nuthatch listen --source` on the same file.
    """
    from edge.link import LinkError, open_link
    from edge.sink.console import Console
    from edge.source.source import RATE_HZ
    from edge.tasks.event import Event

    samples = _samples(source)
    show = Console(sys.stdout, json)
    with open_link(address(board, port, project)) as link:
        facts = link.info()
        if "rate_hz" not in facts:
            raise LinkError(
                f"{facts['board']}: its application {facts['app']} takes no recordings; flash keyword or scene"
            )
        typer.echo(f"{facts['board']}: {facts['model']}, {len(samples) / RATE_HZ:.1f} s to hear", err=True)
        link.reset_cost()
        for heard in link.play(samples):
            show(Event(heard.position / RATE_HZ, heard.label, heard.score, facts["model"]))
        typer.echo(_cost(link), err=True)


def _samples(source: Path) -> NDArray[np.int16]:
    """All of a file, int16 at 16 kHz."""
    import numpy as np

    from edge.source.file import File

    with closing(File(source)) as audio:
        return np.concatenate(list(audio))


def _cost(link: Link) -> str:
    """Mean and largest of each stage."""
    stages = {k: c for k, c in link.cost().items() if c.count}
    parts = [f"{k} {c.sum // c.count:,} (at most {c.most:,})" for k, c in stages.items()]
    unit = next((c.unit for c in stages.values()), "ticks")
    return f"{unit} a step: {', '.join(parts)}" if parts else "no step was made"
