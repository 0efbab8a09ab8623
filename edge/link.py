"""The Python end of the link to a board (docs/serial.md): questions, answers, recordings, events."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from edge.recording import Recording
from edge.transport import BAUD, LinkError, Transport, open_transport

__all__ = ["Cost", "Features", "Heard", "Inference", "Link", "LinkError", "Step", "open_link"]

PROTOCOL = 1
LONGEST_LINE = 1024
"""Bytes from the board without an end of line that are given up as noise."""
LOAD_BYTES = 128
"""Of one ``db`` line."""
TRIES = 4
_FIRST_PATIENCE_S = 0.5
"""A board that starts is deaf until its UART is set up; one that is slow is given twice as long each time."""
_BOOT, _READY = "m-boot-[", "m-ready"
_DAMAGE = ("e-[line is ", "e-[Unknown command")
_nonces = count(1)


@dataclass(frozen=True)
class Heard:
    """One event of the board, or another state; the smoothed score is ``sum / full_scale``."""

    position: int
    """Samples from the stream's start to the end of the last one that the score saw."""
    label: str
    sum: int
    full_scale: int

    @property
    def score(self) -> float:
        """As the daemon's events have it."""
        return round(self.sum / self.full_scale, 5)


@dataclass(frozen=True)
class Step:
    """What one step took, in the unit of ``Link.cost``."""

    position: int
    frontend: int
    model: int
    decide: int


@dataclass(frozen=True)
class Features:
    """What the network was given in one step, and what it answered."""

    position: int
    frames: bytes
    """int8 [step_frames, bands]"""
    scores: bytes
    """int8 [labels]"""


@dataclass(frozen=True)
class Cost:
    """Of one stage since the last ``cost reset``, in ``unit`` ("instructions", "cycles" or "ns")."""

    count: int
    sum: int
    least: int
    most: int
    unit: str


@dataclass(frozen=True)
class Inference:
    """The answer to ``infer``."""

    results: tuple[float, ...]
    """Of output 0, dequantized, three decimals."""
    raw: bytes
    """All outputs, one after the other."""
    lap_us: int
    """On the board's clock, of all inferences together."""
    cost: Cost
    """Of each inference."""


class Link:
    """A board. A context manager; every call ends within ``timeout_s`` without progress, or raises LinkError."""

    def __init__(self, transport: Transport, timeout_s: float = 10.0) -> None:
        self.transport, self.timeout_s = transport, timeout_s
        self.heard: deque[Heard] = deque()
        """Events that came while something else was waited for."""
        self.steps: Callable[[Step], None] | None = None
        """Called for every step while ``steps on``."""
        self.features: Callable[[Features], None] | None = None
        """Called for every step while ``features on``."""
        self.noise = 0
        """Lines and bytes that were none of the protocol's."""
        self._buffer = b""
        self._unit = ""
        self._may_restart = False

    def __enter__(self) -> Link:
        try:
            self.synchronize()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.transport.close()

    # Questions.

    def synchronize(self) -> None:
        """Whatever is on the line in either direction, the next answer is to the next question."""
        end = time.monotonic() + self.timeout_s
        patience_s = min(_FIRST_PATIENCE_S, self.timeout_s / TRIES)
        self._may_restart = True  # a board that has just been plugged in says so
        try:
            while time.monotonic() < end:
                word = f"{next(_nonces):x}"
                # Twice: the first may end the half line of an earlier one, and be dropped with it.
                self._write(f"\nsync {word}\n\nsync {word}.\n")
                if self._await(f"m-sync-[{word}.]", min(end, time.monotonic() + patience_s)):
                    self._await(_READY, end)
                    return
                patience_s *= 2
        finally:
            self._may_restart = False
        raise LinkError(f"{self.transport.name}: no answer within {self.timeout_s:g} s; is our firmware on the board?")

    def ask(self, question: str) -> list[str]:
        """The lines of the answer without ``m-ready``; asked again when the line damaged it."""
        for _ in range(TRIES):
            self._write(question + "\n")
            answer = self._answer()
            if answer is not None and not any(line.startswith(_DAMAGE) for line in answer):
                break
            self.synchronize()
        else:
            if answer is None:
                raise LinkError(f"{self.transport.name}: {question[:40]!r} was not answered; reset the board")
        refused = [line for line in answer if line.startswith("e-[")]
        if refused:
            raise LinkError(f"{self.transport.name}: {question[:40]!r}: the board says {refused[0][3:-1]!r}")
        return answer

    def info(self) -> dict[str, str]:
        """Board, model, memory; raises LinkError for another protocol."""
        facts = _facts(self.ask("info"), "info")
        if facts.get("protocol") != str(PROTOCOL):
            raise LinkError(
                f"{self.transport.name}: speaks protocol {facts.get('protocol')}, this is {PROTOCOL}; "
                "build and flash the firmware again"
            )
        return facts

    def stats(self) -> dict[str, int]:
        """Counters since the board's start."""
        return {k: int(v) for k, v in _facts(self.ask("stats"), "stats").items()}

    def cost(self) -> dict[str, Cost]:
        """Stage -> what it takes for each step."""
        answer = self.ask("cost")
        unit = _facts(answer, "cost").get("unit", "ticks")
        return _costs(answer, unit)

    def reset_cost(self) -> None:
        self.ask("cost reset")

    def set_threshold(self, label: str, value: float) -> None:
        """Until the next reset, or for good after ``ask("save")``; value in (0, 1], six decimals count."""
        self.ask(f"set threshold {label} {value:.6f}")

    def infer(self, data: bytes, inferences: int = 1, warmup: int = 0) -> Inference:
        """Invoke the model on these bytes, all inputs one after the other; its state goes on from call to call."""
        self._load(data)
        self._write(f"infer {inferences} {warmup}\n")
        # Not asked again: it would change the state twice.
        answer = self._answer()
        if answer is None or any(line.startswith("e-[") for line in answer):
            raise LinkError(f"{self.transport.name}: infer: {(answer or ['no answer'])[-1]}")
        laps = [int(line.removeprefix("m-lap-us-")) for line in answer if line.startswith("m-lap-us-")]
        self._unit = self._unit or self.info()["unit"]
        costs = _costs(answer, self._unit)
        raw = next((x for x in self.ask("results raw") if x.startswith("m-results-raw-[")), "")
        try:
            results = next(x for x in answer if x.startswith("m-results-["))
            floats = tuple(float(x) for x in results[11:-1].split(","))
            return Inference(floats, bytes.fromhex(raw[15:-1]), laps[1] - laps[0], costs["infer"])
        except (ValueError, KeyError, IndexError, StopIteration):
            raise LinkError(f"{self.transport.name}: infer: the answer was damaged on the line; try again") from None

    def reset(self) -> None:
        """Restart the board and wait until it is ready."""
        self._may_restart = True
        self._buffer = b""
        self._write("reset\n")
        found = self._await(_BOOT, time.monotonic() + self.timeout_s)
        self.heard.clear()
        if not found:
            self._may_restart = False
            raise LinkError(f"{self.transport.name}: did not restart within {self.timeout_s:g} s; unplug it")
        self.synchronize()

    def play(self, samples: NDArray[np.int16]) -> Iterator[Heard]:
        """A recording at 16 kHz through a new stream of the board; its events as they come.

        Raises LinkError when the board stops listening, or restarts.
        """
        if len(samples) == 0:
            return
        self.heard.clear()
        answer = next((x for x in self.ask(f"audio {len(samples)}") if x.startswith("m-audio-[")), "")
        try:
            _, block, credit = (int(x) for x in answer[9:-1].split(","))
        except ValueError:
            raise LinkError(f"{self.transport.name}: audio: the firmware takes no recordings") from None
        blocks = Recording(np.ascontiguousarray(samples, "<i2"), block, credit)
        while not blocks.done:
            for line in blocks.ready():
                self._write(line)
            self._progress(blocks)
            while self.heard:
                yield self.heard.popleft()
        while self.heard:
            yield self.heard.popleft()

    # Lines.

    def _progress(self, blocks: Recording) -> None:
        """One line of the board, or a time without any: then everything unacknowledged is sent again."""
        line = self._line(time.monotonic() + self.timeout_s / TRIES)
        if line is None:
            blocks.rewind(blocks.acknowledged)
            if blocks.silences >= TRIES:
                raise LinkError(
                    f"{self.transport.name}: heard nothing of sample {blocks.acknowledged * blocks.samples} for "
                    f"{self.timeout_s:g} s; reset the board"
                )
            self._write("\n")  # ends what a lost byte may have left open
        elif line.startswith("m-a-"):
            blocks.acknowledge(line[4:])
        elif line.startswith("m-again-"):
            blocks.again(line[8:])
        elif line.startswith("m-audio-done-["):
            blocks.finish()
        elif line.startswith("e-[audio"):
            raise LinkError(f"{self.transport.name}: the board says {line[3:-1]!r}")

    def _load(self, data: bytes) -> None:
        for _ in range(TRIES):
            self.ask(f"db load {len(data)}")
            try:
                answers = [self.ask(f"db {data[i : i + LOAD_BYTES].hex()}") for i in range(0, len(data), LOAD_BYTES)]
            except LinkError:
                self.synchronize()
                continue
            if any("m-load-done" in answer for answer in answers):
                return
        raise LinkError(f"{self.transport.name}: {len(data)} bytes could not be loaded; see docs/serial.md")

    def _answer(self) -> list[str] | None:
        """Lines until m-ready; None when it does not come in time."""
        lines: list[str] = []
        while (line := self._line(time.monotonic() + self.timeout_s)) is not None:
            if line == _READY:
                return lines
            lines.append(line)
        return None

    def _await(self, start: str, end: float) -> bool:
        while (line := self._line(end)) is not None:
            if line.startswith(start):
                return True
        return False

    def _line(self, end: float) -> str | None:
        """The next line that is neither noise nor an event; None when none comes before ``end``."""
        while True:
            raw, separator, rest = self._buffer.partition(b"\n")
            if separator:
                self._buffer = rest
                line = _clean(raw)
                if line and not self._aside(line):
                    return line
                continue
            if len(self._buffer) > LONGEST_LINE and not self._buffer.startswith((b"m-results", b"m-features")):
                self.noise += 1
                self._buffer = b""
            remaining = end - time.monotonic()
            if remaining <= 0:
                return None
            self._buffer += self.transport.read(remaining)

    def _aside(self, line: str) -> bool:
        """Events, steps and noise are dealt with; a restart that nobody asked for is an error."""
        if line.startswith(_BOOT) and not self._may_restart:
            raise LinkError(f"{self.transport.name}: the board has restarted ({line[len(_BOOT) : -1]}); start again")
        if line.startswith(("m-event-[", "m-scene-[")):
            event = _heard(line)
            self.noise += event is None
            self.heard.extend([event] if event else [])
            return True
        if line.startswith("m-step-["):
            step = _step(line)
            if step and self.steps:
                self.steps(step)
            return True
        if line.startswith("m-features-["):
            features = _features(line)
            self.noise += features is None
            if features and self.features:
                self.features(features)
            return True
        known = line.startswith(("m-", "e-["))
        self.noise += not known
        return not known

    def _write(self, text: str) -> None:
        self.transport.write(text.encode("ascii", "replace"), self.timeout_s)


def _clean(raw: bytes) -> str:
    """The line, without what noise has put before it."""
    line = raw.strip().decode("latin-1")
    start = re.search(r"m-|e-\[", line)
    return line[start.start() :] if start else line


def _facts(lines: Sequence[str], kind: str) -> dict[str, str]:
    """``m-kind-[name=value]`` of all lines that are such."""
    found = (re.fullmatch(rf"m-{kind}-\[([^=\]]+)=(.*)\]", line) for line in lines)
    return {m[1]: m[2] for m in found if m}


def _costs(lines: Sequence[str], unit: str) -> dict[str, Cost]:
    found = (re.fullmatch(r"m-cost-\[(\w+),(\d+),(\d+),(\d+),(\d+)\]", line) for line in lines)
    return {m[1]: Cost(int(m[2]), int(m[3]), int(m[4]), int(m[5]), unit) for m in found if m}


def _heard(line: str) -> Heard | None:
    m = re.fullmatch(r"m-(?:event|scene)-\[(\d+),(\d+),([1-9]\d*),(.+)\]", line)
    return Heard(int(m[1]), m[4], int(m[2]), int(m[3])) if m else None


def _step(line: str) -> Step | None:
    m = re.fullmatch(r"m-step-\[(\d+),(\d+),(\d+),(\d+)\]", line)
    return Step(*(int(x) for x in m.groups())) if m else None


def _features(line: str) -> Features | None:
    m = re.fullmatch(r"m-features-\[(\d+),((?:[0-9a-f]{2})+),((?:[0-9a-f]{2})+)\]", line)
    return Features(int(m[1]), bytes.fromhex(m[2]), bytes.fromhex(m[3])) if m else None


def open_link(where: str | Transport, timeout_s: float = 10.0, baud: int = BAUD) -> Link:
    """A link to ``socket://host:port``, a serial port, or a transport."""
    return Link(open_transport(where, baud) if isinstance(where, str) else where, timeout_s)
