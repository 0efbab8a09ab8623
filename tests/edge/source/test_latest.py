"""Only the newest frame is looked at; what is dropped is counted; a file can behave like a camera."""

import threading
import time

import numpy as np
import pytest

from edge.source import SourceError
from edge.source.frame import Frame
from edge.source.latest import Latest
from edge.source.paced import Paced
from edge.source.reopening import Reopening

RGB = np.zeros((16, 16, 3), np.uint8)


class Scripted:
    """Frames at given times; each is given when ``go`` allows one more."""

    def __init__(self, times, error=None):
        self.times, self.error, self.skipped = times, error, 0
        self.go = threading.Semaphore(0)
        self.given = threading.Semaphore(0)
        self.closed = False

    def __iter__(self):
        for number, time_s in enumerate(self.times):
            self.go.acquire()
            if self.closed:
                return
            yield Frame(RGB, time_s, number)
            self.given.release()
        if self.error:
            raise self.error

    def close(self):
        self.closed = True
        self.go.release()

    def give(self, count):
        for _ in range(count):
            self.go.release()
            assert self.given.acquire(timeout=5)


def opened(source, rate_hz=10):
    """Latest, its frames, its thread running."""
    latest = Latest(source, rate_hz)
    frames = iter(latest)
    return latest, frames


def test_a_slow_watcher_gets_the_newest_and_the_rest_is_counted():
    source = Scripted([i / 10 for i in range(30)])
    latest, frames = opened(source)
    source.go.release()
    assert next(frames).number == 0
    assert source.given.acquire(timeout=5)
    source.give(7)
    assert next(frames).number == 7 and latest.dropped == 6
    source.give(1)
    assert next(frames).number == 8 and latest.dropped == 6 and latest.unneeded == 0
    latest.close()
    assert list(frames) == []


@pytest.mark.parametrize(("camera_hz", "rate_hz"), [(30, 10), (15, 10), (25, 10), (10, 10), (30, 7)])
def test_a_quick_camera_is_thinned_to_the_rate(camera_hz, rate_hz):
    rng = np.random.default_rng(0)
    source = Scripted([i / camera_hz + rng.uniform(0, 0.003) for i in range(camera_hz * 10)])
    latest, frames = opened(source, rate_hz)
    seen = []
    source.go.release()
    seen.append(next(frames))
    assert source.given.acquire(timeout=5)
    for _ in range(camera_hz * 10 - 1):
        before = latest.unneeded
        source.give(1)
        if latest.unneeded == before:
            seen.append(next(frames))
    latest.close()
    assert len(seen) == pytest.approx(10 * rate_hz, abs=2)
    assert latest.unneeded == camera_hz * 10 - len(seen) and latest.dropped == 0


def test_after_a_gap_the_rate_is_kept():
    times = [0.0, 5.0, 5.033, 5.066, 5.1]
    source = Scripted(times)
    latest, frames = opened(source)
    seen = []
    source.go.release()
    seen.append(next(frames).time_s)
    source.given.acquire(timeout=5)
    for _ in times[1:]:
        before = latest.unneeded
        source.give(1)
        if latest.unneeded == before:
            seen.append(next(frames).time_s)
    latest.close()
    assert seen == [0.0, 5.0, 5.1]


def test_the_error_of_the_source_arrives():
    source = Scripted([0.0, 0.1], SourceError("camera: gone"))
    latest, frames = opened(source)
    source.go.release(2)
    with pytest.raises(SourceError, match="gone"):
        for frame in frames:
            last = frame.number
    assert last == 1, "the newest frame first"
    latest.close()


def test_closing_lets_a_waiting_watcher_go():
    source = Scripted([0.0, 0.1])
    latest, frames = opened(source)
    source.go.release()
    next(frames)
    threading.Timer(0.1, latest.close).start()
    started = time.monotonic()
    assert list(frames) == [] and time.monotonic() - started < 2


class Listed:
    """Frames without waiting."""

    skipped = 0

    def __init__(self, times, error=None, on_close=lambda: None):
        self.times, self.error, self.close = times, error, on_close

    def __iter__(self):
        yield from (Frame(RGB, t, i) for i, t in enumerate(self.times))
        if self.error:
            raise self.error


def test_a_file_no_faster_than_it_was_taken():
    started = time.monotonic()
    arrived = [(f.time_s, time.monotonic() - started) for f in Paced(Listed([0.0, 0.1, 0.3]))]
    assert all(at >= when - 0.001 for when, at in arrived) and arrived[-1][1] < 10


def test_a_slow_machine_at_a_file_in_real_time_drops():
    latest = Latest(Paced(Listed([i / 50 for i in range(40)])), 50)
    seen = []
    for frame in latest:
        seen.append(frame.number)
        time.sleep(0.09)
    assert seen == sorted(set(seen)) and len(seen) < 20
    assert latest.dropped == 40 - len(seen) and seen[-1] == 39


def test_a_camera_that_vanishes_is_named_counted_and_opened_again():
    said, attempts = [], []
    sources = [
        Listed([0.0, 0.1], SourceError("camera /dev/video0: gone (No such device)")),
        SourceError("camera /dev/video0: not there"),
        SourceError("camera /dev/video0: not there"),
        Listed([0.0], SourceError("camera /dev/video0: gone (No such device)")),
        Listed([0.0, 0.1]),
    ]

    def open_source():
        attempts.append(time.monotonic())
        found = sources.pop(0)
        if isinstance(found, SourceError):
            raise found
        return found

    source = Reopening(open_source, said.append, first_s=0.02)
    frames = list(source)
    assert [f.number for f in frames] == [0, 1, 2, 3, 4]
    assert source.lost == 2 and len(said) == 4
    assert "gone" in said[0] and "there again" in said[1]
    times = [f.time_s for f in frames]
    assert times == sorted(times) and times[2] >= 0.14 - 0.005, "0.02 + 0.04 + 0.08 s"
    assert np.all(np.diff(attempts)[:3] >= [0.02, 0.04, 0.08]), "later and later"


def test_a_camera_that_was_never_there_is_an_error_at_once():
    def open_source():
        raise SourceError("no camera: this machine has no /dev/video*")

    with pytest.raises(SourceError, match="no camera"):
        Reopening(open_source)


def test_closing_ends_the_waiting_for_it():
    sources = [Listed([0.0], SourceError("camera: gone"))]

    def open_source():
        if not sources:
            raise SourceError("camera: not there")
        return sources.pop()

    source = Reopening(open_source, first_s=30)
    threading.Timer(0.1, source.close).start()
    started = time.monotonic()
    assert len(list(source)) == 1 and time.monotonic() - started < 5
