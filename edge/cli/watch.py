"""``nuthatch watch``: find people in pictures, a video or a camera, and show what may be shown of them."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.cli import let_reader_go

if TYPE_CHECKING:
    from edge.daemon.watch import Show, Watcher
    from edge.output.output import Output
    from edge.source.frame import Pictures
    from edge.tasks.portrait import PortraitTask
    from edge.view.view import Viewer

CAMERA, PIPE = "camera", "-"
DEFAULT_VIEW = "blur"


def watch(
    model: Annotated[str, typer.Option(help="Bundled model, or the path of a bundle.")],
    source: Annotated[str, typer.Option(help="camera, a video, a picture, or a folder of pictures.")] = CAMERA,
    view: Annotated[
        str | None, typer.Option(help="What is shown: blur, mask, replace or silhouette. [default: blur]")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Where it goes: a folder, a video (.mp4, .mkv, .mov, .webm), a pipe, or - for stdout."),
    ] = None,
    hide: Annotated[str, typer.Option(help="What may not be seen: person or background.")] = "person",
    background: Annotated[Path | None, typer.Option(help="For replace: a picture instead of what is hidden.")] = None,
    show_empty: Annotated[
        bool, typer.Option("--show-empty", help="Show pictures in which nobody was found; without, they are hidden.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    scores: Annotated[Path | None, typer.Option(help="Write every picture's share of people here.")] = None,
    realtime: Annotated[bool, typer.Option("--realtime", help="Take a file as if it were a camera.")] = False,
    device: Annotated[str | None, typer.Option(help="Camera: its path, number or a part of its name.")] = None,
    size: Annotated[str, typer.Option(help="Asked of a camera, pixels.")] = "640x480",
    stream: Annotated[str, typer.Option(help="Into a pipe: mjpeg or raw (RGB, 3 bytes a pixel).")] = "mjpeg",
    threads: Annotated[int, typer.Option(min=1, max=64, help="For the network.")] = 1,
    backend: Annotated[str, typer.Option(help="What runs the network.")] = "litert",
) -> None:
    """Print a line when somebody comes or all are gone, and write views that hide them. Ctrl-C ends it."""
    if view is not None and out is None:
        raise typer.BadParameter("needs --out, where it goes", param_hint="--view")
    view = view or DEFAULT_VIEW
    _require(view, hide, stream, backend, background)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        try:
            task = _task(model, backend, threads, _is_still(source) and not realtime)
            # Before anything is written: what cannot begin leaves what an earlier run made.
            pictures = stack.enter_context(closing(_pictures(source, task, realtime, device, _size(size))))
            viewer = _viewer(view, hide, background)
            task.report = _scores(scores, source, stack)
            show = None if out is None else _show(viewer, _output(out, source, stream), hide, show_empty)
            if show is not None:
                stack.enter_context(closing(show.output))
            watcher = _watcher(task, show, json, sys.stderr if out == Path(PIPE) else sys.stdout)
            stack.callback(_summary, watcher, pictures)
            watcher.watch(pictures)
        except KeyboardInterrupt:
            return
        except BrokenPipeError:
            let_reader_go()


def _require(view: str, hide: str, stream: str, backend: str, background: Path | None) -> None:
    from edge.output.stream import KINDS
    from edge.runtime.backend import backends
    from edge.view.cover import HIDE
    from edge.view.view import views

    for value, known, hint in (
        (view, views(), "--view"),
        (hide, HIDE, "--hide"),
        (stream, KINDS, "--stream"),
        (backend, backends(), "--backend"),
    ):
        if value not in known:
            raise typer.BadParameter(f"{value!r} is none; there are {', '.join(known)}", param_hint=hint)
    if background is not None and view != "replace":
        raise typer.BadParameter("only for --view replace", param_hint="--background")


def _size(size: str) -> tuple[int, int]:
    width, _, height = size.partition("x")
    if not (width.isdigit() and height.isdigit() and 16 <= int(width) <= 8192 and 16 <= int(height) <= 8192):
        raise typer.BadParameter(f"{size!r} is no size such as 640x480", param_hint="--size")
    return int(width), int(height)


def _is_still(source: str) -> bool:
    from edge.source.pictures import is_still

    return is_still(source)


def _task(model: str, backend: str, threads: int, apart: bool) -> PortraitTask:
    from edge.manifest import open_bundle
    from edge.tasks.portrait import PortraitTask

    return PortraitTask(open_bundle(model), threads, None, backend, apart)


def _scores(path: Path | None, source: str, stack: ExitStack) -> Any:
    if path is None:
        return None
    from edge.sink.scores import Scores
    from edge.source.folder import is_picture

    if is_picture(path) or _is_same(path, source):
        raise typer.BadParameter(f"{path}: would overwrite pictures; give another path", param_hint="--scores")
    return stack.enter_context(closing(Scores(path)))


def _pictures(source: str, task: PortraitTask, realtime: bool, device: str | None, size: tuple[int, int]) -> Pictures:
    from edge.source.latest import Latest
    from edge.source.pictures import camera, file, is_camera

    if is_camera(source):
        from edge.source.reopening import Reopening

        found = Latest(Reopening(camera(source, device, task.rate_hz, size), _tell), task.rate_hz)
        _tell("watching; Ctrl-C ends")
        return found
    if realtime:
        from edge.source.paced import Paced

        return Latest(Paced(file(source, task.rate_hz, _tell)), task.rate_hz)
    return file(source, task.rate_hz, _tell)


def _viewer(view: str, hide: str, background: Path | None) -> Viewer:
    from edge.view.view import Options, open_view

    return open_view(view, Options(hide, background))


def _show(viewer: Viewer, output: Output, hide: str, show_empty: bool) -> Show:
    from edge.daemon.watch import Show

    return Show(viewer, output, hide, show_empty)


def _output(out: Path, source: str, stream: str) -> Output:
    from edge.source.folder import is_picture

    if out == Path(PIPE) or (out.exists() and not out.is_dir() and not out.is_file()):
        from edge.output.stream import Stream

        return Stream(sys.stdout.buffer if out == Path(PIPE) else out, stream)
    _require_elsewhere(out, source)
    if out.suffix.lower() in (".mp4", ".mkv", ".mov", ".webm") and not out.is_dir():
        from edge.output.video import Video

        return Video(out)
    from edge.output.pictures import KINDS, Pictures

    if out.suffix.lower() in KINDS and not out.is_dir():
        if not (is_picture(Path(source)) and Path(source).is_file()):
            raise typer.BadParameter(f"{out}: one picture for many; give a folder", param_hint="--out")
        return Pictures(out.parent, out.name)
    if out.suffix and not out.is_dir():
        raise typer.BadParameter(
            f"{out}: no kind of file that is written; give a folder, .png or .mp4", param_hint="--out"
        )
    return Pictures(out)


def _require_elsewhere(out: Path, source: str) -> None:
    """What is watched is never overwritten."""
    if source == CAMERA:
        return
    watched, written = Path(source).resolve(), out.resolve()
    folder = watched if watched.is_dir() else watched.parent
    inside = written.is_relative_to(watched) or (written == folder and _is_still(source))
    if watched.is_dir() and watched.is_relative_to(written):  # a picture's folder is made anew in --out
        inside |= (watched / watched.relative_to(written)).exists()
    if inside or _is_same(out, source):
        raise typer.BadParameter(f"{out}: would overwrite what is watched; give another place", param_hint="--out")


def _is_same(path: Path, source: str) -> bool:
    return path.exists() and Path(source).exists() and path.samefile(source)


def _watcher(task: PortraitTask, show: Show | None, json: bool, events: Any) -> Watcher:
    from edge.daemon.watch import Watcher
    from edge.sink.console import Console

    return Watcher(task, [Console(events, json)], show, _tell)


def _summary(watcher: Watcher, pictures: Pictures) -> None:
    counts = watcher.counts
    said = [f"{counts.pictures} picture{'s' * (counts.pictures != 1)}"]
    for number, what in (
        (pictures.skipped, "unreadable"),
        (getattr(pictures, "dropped", 0), "dropped, the machine is too slow"),
        (counts.failed, "failed"),
        (counts.hidden, "hidden whole"),
    ):
        said += [f"{number} {what}"] if number else []
    lost = getattr(pictures, "lost", 0)
    said += [f"the camera vanished {lost} time{'s' * (lost > 1)}"] if lost else []
    each = 1000 / max(1, counts.pictures)
    said.append(f"{counts.task_s * each:.1f} ms each for the network, {counts.view_s * each:.1f} ms for the view")
    _tell("; ".join(said))


def _tell(line: str) -> None:
    from edge.sink.console import one_line

    print(f"nuthatch: {one_line(line)}", file=sys.stderr)
