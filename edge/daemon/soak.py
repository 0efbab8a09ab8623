"""The daemon under hours of audio pushed faster than they sound: memory, lost samples, the clock of its events.

The real service in a process of its own, fed through its standard input; what it kept is read from its store.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from edge.daemon.listen import Listener
from edge.daemon.store import Store
from edge.manifest import open_bundle
from edge.source.file import File
from edge.source.source import RATE_HZ, Samples
from edge.tasks.task import open_task

BLOCK = 3_200
"""Samples written at once."""
GRID = 48_000
"""Samples: a multiple of the steps of models with hops of 10, 20 or 30 ms."""
LOOK_S = 10.0
HOUR_S = 3_600.0
PATIENCE_S = 60.0


class SoakError(Exception):
    """A soak that did not run to its end."""


@dataclass
class Hour:
    """The daemon when so much audio had been heard."""

    audio_h: float
    resident_mb: float
    cpu_s: float


@dataclass
class Soak:
    """What came of it."""

    audio_h: float
    speed: float
    models: list[str]
    given_samples: int = 0
    heard_samples: int = 0
    lost_samples: int = 0
    """That the daemon itself counted: overruns of a device."""
    events: int = 0
    expected_events: int = 0
    misplaced_events: int = 0
    """At another time or with another label than in the recording's second pass, or missing."""
    largest_drift_s: float = 0.0
    hours: list[Hour] = field(default_factory=list)

    @property
    def growth_mb(self) -> float:
        """Of resident memory, from the first hour to the largest value after it."""
        first = next((h.resident_mb for h in self.hours if h.audio_h >= 1.0), self.hours[0].resident_mb)
        return max((h.resident_mb for h in self.hours if h.audio_h >= 1.0), default=first) - first

    @property
    def passed(self) -> bool:
        whole = self.given_samples == self.heard_samples + self.lost_samples
        return whole and not self.misplaced_events and self.growth_mb <= 5.0

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"growth_mb": round(self.growth_mb, 2), "passed": self.passed}


def soak(
    models: Sequence[str], recording: Path, hours: float, speed: float, say: Callable[[str], None] = print
) -> Soak:
    """Push ``hours`` of the repeated recording through the daemon at ``speed`` times real time.

    Raises SoakError when the daemon ends or stops hearing.
    """
    audio = _whole_steps(np.concatenate(list(File(recording))))
    result = Soak(hours, speed, list(models))
    first, cycle = expected(models, audio)
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        daemon = _start(models, Path(folder), port)
        try:
            _push(daemon, audio, result, port, say)
            # the end of the pipe is the end of the daemon: it says what it heard before
            result.heard_samples, result.lost_samples = _counts(port)
            assert daemon.stdin
            daemon.stdin.close()
            daemon.wait(PATIENCE_S)
        except (BrokenPipeError, subprocess.TimeoutExpired) as e:
            raise SoakError(f"the daemon ended early ({e}); run it by itself with the same models") from None
        finally:
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()
        _judge(result, Path(folder), first, cycle, len(audio))
    return result


def _whole_steps(audio: Samples) -> Samples:
    """Silence up to whole steps of every model, so that each pass gives the same events at the same places."""
    return np.pad(audio, (0, -len(audio) % GRID))


def expected(models: Sequence[str], audio: Samples) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    """(label, time) of the events in the recording's first pass, and in each later one from its beginning."""
    listener = Listener([open_task(open_bundle(m)) for m in models])
    length_s = len(audio) / RATE_HZ
    passes = [[(e.label, e.time_s) for e in listener.push(audio)] for _ in range(3)]
    second, third = ([(label, t - k * length_s) for label, t in passes[k]] for k in (1, 2))
    if [label for label, _ in second] != [label for label, _ in third]:
        raise SoakError("the recording gives other events in each pass; take a longer one, with silence at its end")
    return passes[0], second


def _start(models: Sequence[str], folder: Path, port: int) -> subprocess.Popen[bytes]:
    line = [sys.executable, "-c", "from edge.cli import main; main()", "run", "--source", "-"]
    for model in models:
        line += ["--model", model]
    for assigned in (f"page.port={port}", f"store.folder={folder}", "log.level=warning"):
        line += ["--set", assigned]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NUTHATCH_")}
    return subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=folder, env=environment)


def _push(daemon: subprocess.Popen[bytes], audio: Samples, result: Soak, port: int, say: Callable[[str], None]) -> None:
    total = int(result.audio_h * HOUR_S) * RATE_HZ
    pcm, given, started, look = audio.astype("<i2").tobytes(), 0, time.monotonic(), 0.0
    assert daemon.stdin
    while given < total:
        at = given % len(audio)
        count = min(BLOCK, len(audio) - at, total - given)
        daemon.stdin.write(pcm[2 * at : 2 * (at + count)])
        daemon.stdin.flush()
        given += count
        now = time.monotonic()
        if now >= look:
            look = now + LOOK_S
            _look(daemon.pid, given, result, say)
        time.sleep(max(0.0, started + given / RATE_HZ / result.speed - now))
    result.given_samples = given
    _wait_until_heard(port, given)
    _look(daemon.pid, given, result, say)


def _look(pid: int, given: int, result: Soak, say: Callable[[str], None]) -> None:
    hour = Hour(round(given / RATE_HZ / HOUR_S, 3), *usage(pid))
    result.hours.append(hour)
    say(f"{hour.audio_h:7.2f} h  {hour.resident_mb:6.1f} MB  {hour.cpu_s:8.1f} CPU s")


def usage(pid: int) -> tuple[float, float]:
    """(resident memory in 10**6 bytes, CPU seconds) of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return resident * 1024 / 1e6, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wait_until_heard(port: int, given: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while sum(_counts(port)) < given:
        if time.monotonic() > end:
            raise SoakError(f"the daemon heard {_counts(port)[0]:,} of {given:,} samples and no more")
        time.sleep(0.2)


def _counts(port: int) -> tuple[int, int]:
    """(samples heard, samples lost), as the daemon's metrics say."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
    except (urllib.error.URLError, OSError) as e:
        raise SoakError(f"the daemon's metrics cannot be read ({e}); is the port taken?") from None
    values = {
        s.name: s.value for family in text_string_to_metric_families(text) for s in family.samples if not s.labels
    }
    heard_s, lost = (values.get(f"nuthatch_audio_{n}_total", 0.0) for n in ("heard_seconds", "lost_samples"))
    return round(heard_s * RATE_HZ), round(lost)


def _judge(
    result: Soak, folder: Path, first: list[tuple[str, float]], cycle: list[tuple[str, float]], length: int
) -> None:
    """Every pass over the recording must give the same events at the same places."""
    with closing(Store(folder)) as store:
        records = [s.record for s in store.last(10_000_000)][::-1]
    length_s, end_s = length / RATE_HZ, result.given_samples / RATE_HZ
    wanted = [(label, t) for label, t in first if t <= end_s]
    for k in range(1, int(end_s // length_s) + 1):
        wanted += [(label, k * length_s + t) for label, t in cycle if k * length_s + t <= end_s]
    found = sorted((r.time_s, r.label) for r in records if r.time_s <= end_s)
    result.events, result.expected_events = len(found), len(wanted)
    result.misplaced_events = abs(len(found) - len(wanted))
    for (time_s, label), (wanted_label, wanted_s) in zip(found, sorted(wanted, key=lambda w: w[::-1]), strict=False):
        drift_s = abs(time_s - wanted_s)
        result.largest_drift_s = max(result.largest_drift_s, round(drift_s, 6))
        result.misplaced_events += label != wanted_label or drift_s > 0.05


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def page(result: Soak, command: str) -> str:
    """``docs/benchmarks/soak.md``."""
    r = result
    rows = [h for k, h in enumerate(r.hours) if k in (0, len(r.hours) - 1) or _first_of_hour(r.hours, k)]
    lines = [
        "# Hours of audio through the daemon",
        "",
        f"`{command}`: {r.audio_h:g} hours at up to {r.speed:g} times real time, {', '.join(r.models)}, page and store "
        "on, no page open; one recording again and again.",
        "",
        f"- samples given {r.given_samples:,}, heard {r.heard_samples:,}, lost and counted {r.lost_samples:,};",
        f"- events {r.events:,} of {r.expected_events:,} expected, {r.misplaced_events:,} missing or at another place;",
        f"  largest distance on the audio clock {1000 * r.largest_drift_s:.1f} ms;",
        f"- resident memory grew by {r.growth_mb:.2f} MB after the first hour (bar 5 MB);",
        f"- {r.hours[-1].cpu_s / (r.audio_h * HOUR_S):.5f} CPU seconds a second of audio.",
        "",
        "| audio, h | resident, MB | CPU, s |",
        "|---|---|---|",
        *[f"| {h.audio_h:.2f} | {h.resident_mb:.1f} | {h.cpu_s:.0f} |" for h in rows],
    ]
    return "\n".join(lines) + "\n"


def _first_of_hour(hours: Sequence[Hour], k: int) -> bool:
    return int(hours[k].audio_h) > int(hours[k - 1].audio_h)


def to_json(result: Soak) -> str:
    return json.dumps(result.as_json())
