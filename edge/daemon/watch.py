"""A network on one source of pictures: events out, and what may be shown of each picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from edge.output.output import Output
from edge.sink.scores import ScoresError
from edge.source.frame import Frame, Say
from edge.tasks.event import Event
from edge.tasks.portrait import Portrait, PortraitTask
from edge.view.cover import shot
from edge.view.view import Viewer


@dataclass
class Counts:
    """Of one watch."""

    pictures: int = 0
    failed: int = 0
    """Pictures on which the network failed; nothing of them was shown."""
    hidden: int = 0
    """Pictures that were hidden whole because nobody was found, or not surely."""
    task_s: float = 0.0
    """In the network and its decisions."""
    view_s: float = 0.0
    """In making and writing views."""


@dataclass(frozen=True)
class Show:
    """A view and where it goes."""

    viewer: Viewer
    output: Output
    hide: str = "person"
    show_empty: bool = False


@dataclass
class Watcher:
    """Frames in; events to the sinks and views to the output, one frame after the other."""

    task: PortraitTask
    sinks: Sequence[Callable[[Event], None]] = ()
    show: Show | None = None
    say: Say = lambda line: None
    counts: Counts = field(default_factory=Counts)

    def watch(self, frames: Iterable[Frame]) -> None:
        """Until the frames end."""
        for frame in frames:
            self.see(frame)

    def see(self, frame: Frame) -> None:
        """One frame."""
        self.counts.pictures += 1
        started = time.perf_counter()
        portrait = self._look(frame)
        self.counts.task_s += time.perf_counter() - started
        for event in portrait.events if portrait else ():
            for sink in self.sinks:
                sink(event)
        if self.show is not None:
            started = time.perf_counter()
            self._show(self.show, frame, portrait)
            self.counts.view_s += time.perf_counter() - started

    def _look(self, frame: Frame) -> Portrait | None:
        try:
            return self.task.look(frame)
        except ScoresError:  # not the network's
            raise
        except Exception as e:  # whatever a backend raises: the picture must not be shown because of it
            if self.counts.failed == 0:
                said = " ".join(str(e).split()) or type(e).__name__
                self.say(f"{self.task.name}: failed on picture {frame.number} ({said}); it is hidden whole")
            self.counts.failed += 1
            return None

    def _show(self, show: Show, frame: Frame, portrait: Portrait | None) -> None:
        taken = shot(frame.rgb, portrait, show.hide, show.show_empty)
        self.counts.hidden += bool(taken.hidden.min() == 255)
        show.output(show.viewer(taken), frame)
