"""``nuthatch listen``: hear keywords and scenes in a file, a microphone or a pipe."""

from __future__ import annotations

import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.cli import let_reader_go

if TYPE_CHECKING:
    from edge.daemon.level import Metered
    from edge.daemon.listen import Listener
    from edge.manifest import Bundle
    from edge.sink.scores import Scores
    from edge.source import Source

TOO_LOUD = 0.01
"""Of the samples at full scale: more than that is worth a word."""


def listen(
    model: Annotated[list[str], typer.Option(help="Bundled model, or the path of a bundle; may be repeated.")],
    source: Annotated[str, typer.Option(help="A sound file, mic, or - for raw int16 on stdin.")] = "mic",
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    scores: Annotated[Path | None, typer.Option(help="Write every smoothed score from .01 on here.")] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0.001, max=1.0, help="For every keyword, instead of the model's own.")
    ] = None,
    realtime: Annotated[bool, typer.Option("--realtime", help="Play a file no faster than it sounds.")] = False,
    device: Annotated[str | None, typer.Option(help="Microphone: a part of its name, or its index.")] = None,
    rate: Annotated[int, typer.Option(help="Of raw samples on stdin, Hz.")] = 16_000,
    channels: Annotated[int, typer.Option(help="Of raw samples on stdin, interleaved.")] = 1,
    backend: Annotated[
        str, typer.Option(help="What runs the networks: litert, or native (nuthatch compile --library).")
    ] = "litert",
) -> None:
    """Print a line for every keyword heard and every change of a scene. Ctrl-C ends it."""
    from edge.daemon.level import Metered
    from edge.daemon.listen import listen as run
    from edge.sink.console import Console

    try:
        with ExitStack() as stack:
            report = stack.enter_context(closing(_scores(scores))) if scores else None
            listener = _listener(model, threshold, report, backend)
            audio = stack.enter_context(closing(_source(source, realtime, device, rate, channels)))
            if source == "mic":
                stack.callback(_tell_overruns, audio)
                _tell("listening; Ctrl-C ends")
            sound = Metered(audio)
            stack.callback(_tell_level, source, sound)
            run(sound, listener, [Console(sys.stdout, json)])
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        let_reader_go()


def _listener(models: list[str], threshold: float | None, report: Scores | None, backend: str) -> Listener:
    from edge.daemon.listen import Listener
    from edge.manifest import open_bundle
    from edge.runtime.backend import backends
    from edge.tasks.task import TaskOptions, open_task

    if backend not in backends():
        raise typer.BadParameter(f"{backend!r} is none; there are {', '.join(backends())}", param_hint="--backend")
    bundles = [open_bundle(m) for m in models]
    if threshold is not None and not 0.0 < threshold <= 1.0:  # the parser's bounds let nan through
        raise typer.BadParameter(f"{threshold} is outside (0, 1]", param_hint="--threshold")
    return Listener([open_task(b, TaskOptions(_thresholds(b, threshold), 1, backend, report)) for b in bundles])


def _thresholds(bundle: Bundle, threshold: float | None) -> dict[str, float] | None:
    """For each target of a keyword model the one asked for; None is the model's own, with a word if it has none."""
    manifest = bundle.manifest
    if manifest.task != "keyword":
        return None
    if threshold is not None:
        return dict.fromkeys(manifest.targets, threshold)
    from edge.tasks.keyword import DEFAULT_THRESHOLD

    if not manifest.operating_points:
        _tell(f"{manifest.name}: no operating point; using {DEFAULT_THRESHOLD}, or give --threshold")
    elif missing := [t for t in manifest.targets if t not in manifest.operating_points[0].thresholds]:
        _tell(f"{manifest.name}: operating point without {missing[0]}; using {DEFAULT_THRESHOLD}")
    return None


def _source(source: str, realtime: bool, device: str | None, rate: int, channels: int) -> Source:
    """Only the source that is asked for is imported: each brings a library."""
    if source == "mic":
        from edge.source.microphone import Microphone

        return Microphone(device)
    if source == "-":
        from edge.source.stdin import Stdin

        return Stdin(rate, channels)
    from edge.source.file import File

    return File(source, realtime)


def _scores(path: Path) -> Scores:
    from edge.sink.scores import Scores

    return Scores(path)


def _tell_overruns(audio: Source) -> None:
    overruns = getattr(audio, "overruns", 0)
    if overruns:
        _tell(f"microphone: {overruns} blocks were lost; the machine is too busy for these models")


def _tell_level(source: str, sound: Metered) -> None:
    if sound.clipped_share > TOO_LOUD:
        _tell(f"{source}: {sound.clipped_share:.1%} of the samples are cut off; models hear less, turn the gain down")
    elif sound.samples and not sound.peak:
        _tell(f"{source}: nothing but zeros; is it muted or unplugged?")


def _tell(line: str) -> None:
    print(f"nuthatch: {line}", file=sys.stderr)
