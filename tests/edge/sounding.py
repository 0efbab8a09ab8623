"""Sources for tests: they give blocks, break, hang, and remember how often they were opened."""

import threading
import time

import numpy as np

from edge.daemon.ear import Audio, Ear
from edge.daemon.health import Health
from edge.daemon.hub import Hub
from edge.daemon.listen import Listener
from edge.source import SourceError

BLOCK = 960


class Script:
    """One source after the other: each a list of blocks and of what happens between them.

    An item is samples, an exception (raised) or a number (so many seconds nothing comes, unless closed).
    """

    def __init__(self, *openings):
        self.openings, self.opened, self.closed = list(openings), 0, 0

    def __call__(self):
        if self.opened >= len(self.openings):
            raise SourceError("microphone x: gone; plug it in")
        self.opened += 1
        opening = self.openings[self.opened - 1]
        if isinstance(opening, Exception):
            raise opening
        return _Source(self, opening)


class _Source:
    overruns = 2
    lost_samples = 7

    def __init__(self, script, items):
        self.script, self.items, self.gone = script, items, threading.Event()

    def __iter__(self):
        for item in self.items:
            if isinstance(item, Exception):
                raise item
            if isinstance(item, int | float):
                self.gone.wait(item)
            else:
                yield from blocks(item)

    def close(self):
        self.gone.set()
        self.script.closed += 1


def blocks(samples, size=BLOCK):
    """int16 [n] in pieces as a microphone gives them."""
    return [samples[i : i + size] for i in range(0, len(samples), size)]


class Heard:
    """What an ear said, with the moments."""

    def __init__(self):
        self.events, self.moments = [], []

    def __call__(self, events, now):
        self.events += [(now.stream, e, now.utc_of(e.time_s)) for e in events]
        self.moments.append(now)


def ear(tasks, open_source, endless=True, repeat=False, **options):
    """(ear, what it hears, what health was told), not started."""
    heard, told = Heard(), []
    health = Health(lambda part, status: told.append((part, status.ok, status.state)))
    audio = Audio(open_source, "microphone x", endless, repeat)
    made = Ear(Listener(tasks), audio, heard, health, options.pop("pulses", Hub()), **options)
    return made, heard, told


def until(condition, limit_s=15.0):
    """Wait for it; fail when it does not come."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def silence(seconds):
    return np.zeros(int(seconds * 16_000), np.int16)
