"""The client against boards that say anything at all: an answer or one clear line, and soon."""

from __future__ import annotations

import re
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.link import Heard, Link, LinkError, open_link
from edge.transport import Process, Serial, Socket

TIMEOUT_S = 0.02


class Board:
    """Answers each line with what ``answers`` says; ``noise`` comes in between, bit by bit."""

    name = "board"

    def __init__(self, noise: list[bytes] = (), answers=None, chunk: int = 1000) -> None:
        self.noise, self.answers, self.chunk = list(noise), answers or {}, chunk
        self.pending, self.lines = b"", []

    def write(self, data: bytes, timeout_s: float) -> None:
        for line in data.decode().split("\n"):
            if line:
                self.lines.append(line)
                self.pending += self._noise() + self._answer(line)

    def read(self, timeout_s: float) -> bytes:
        data, self.pending = self.pending[: self.chunk], self.pending[self.chunk :]
        if not data:
            time.sleep(timeout_s)
        return data

    def close(self) -> None:
        self.closed = True

    def _noise(self) -> bytes:
        return self.noise.pop(0) if self.noise else b""

    def _answer(self, line: str) -> bytes:
        if line.startswith("sync "):
            return f"m-sync-[{line[5:]}]\r\nm-ready\r\n".encode()
        found = self.answers.get(line.split()[0])
        return found(line) if callable(found) else found or b"e-[Unknown command: x]\r\nm-ready\r\n"


INFO = b"m-info-[protocol=1]\r\nm-info-[unit=cycles]\r\nm-ready\r\n"
STATS = b"m-stats-[overruns=3]\r\nm-ready\r\n"


def player(line: str) -> bytes:
    """A board that takes every block and hears a word in each."""
    if line.startswith("audio"):
        return f"m-audio-[{line[6:]},96,4096]\r\nm-ready\r\n".encode()
    number = line.split()[1]
    event = f"m-event-[{(int(number, 16) + 1) * 96},10,20,yes]\r\n" if number == "0001" else ""
    return f"{event}m-a-{number}\r\n{'m-audio-done-[300]' if number == '0003' else ''}\r\n".encode()


ANSWERS = {"info": INFO, "stats": STATS, "audio": player, "a": player}
LINES = st.sampled_from(
    [
        b"m-ready\r\n",
        b"m-",
        b"e-[x]\r\n",
        b"m-info-[protocol=9",
        b"m-a-0003\r\n",
        b"m-again-0000\r\n",
        b"m-event-[1,2,0,x]",
    ]
    + [
        b"m-audio-done-[1]\r\n",
        b"m-boot-[nuthatch 1 b k]\r\n",
        b"\r\n\r\n",
        b"m-stats-[overruns=x]\r\n",
        b"m-step-[1]\r\n",
    ]
)
NOISE = st.lists(st.one_of(LINES, st.binary(max_size=30), st.just(b""), st.just(b"z" * 2000)), max_size=12)


@settings(max_examples=150)
@given(noise=NOISE, chunk=st.integers(1, 40))
def test_whatever_the_board_says_the_client_ends(noise, chunk):
    link = Link(Board(noise, ANSWERS, chunk), TIMEOUT_S)
    start = time.monotonic()
    for call in (link.synchronize, link.info, link.stats, lambda: list(link.play(np.zeros(300, np.int16))), link.cost):
        try:
            call()
        except LinkError as e:
            assert str(e).startswith("board: ") and "\n" not in str(e)
    assert time.monotonic() - start < 100 * TIMEOUT_S


@settings(max_examples=50)
@given(noise=st.lists(st.binary(max_size=30).filter(lambda b: b"-[" not in b and b"m-" not in b), max_size=4))
def test_noise_between_answers_is_survived(noise):
    with Link(Board(noise, ANSWERS), 0.1) as link:
        assert link.info()["unit"] == "cycles"
        assert link.stats() == {"overruns": 3}


def test_a_recording_is_played_with_its_events():
    board = Board(answers=ANSWERS)
    with Link(board, 1.0) as link:
        assert list(link.play(np.arange(300, dtype=np.int16))) == [Heard(192, "yes", 10, 20)]
        assert list(link.play(np.zeros(0, np.int16))) == []
    assert [x.split()[1] for x in board.lines if x.startswith("a ")] == ["0000", "0001", "0002", "0003"]
    assert board.closed
    assert Heard(192, "yes", 10, 20).score == 0.5


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({}, "'info': the board says 'Unknown command: x'"),
        ({"info": b"m-info-[protocol=2]\r\nm-ready\r\n"}, "speaks protocol 2, this is 1; build and flash"),
        ({"info": b"m-boot-[nuthatch 1 x y]\r\n"}, "the board has restarted (nuthatch 1 x y); start again"),
        ({"info": b"m-info-[proto"}, "'info' was not answered; reset the board"),
    ],
)
def test_a_bad_answer_is_named(answers, message):
    with Link(Board(answers=answers), TIMEOUT_S) as link, pytest.raises(LinkError, match=re.escape(message)):
        link.info()


def test_a_silent_board_is_named():
    silent = Board()
    silent.write = lambda data, timeout_s: None
    with pytest.raises(LinkError, match=r"board: no answer within 0.02 s; is our firmware on the board\?"):
        Link(silent, TIMEOUT_S).__enter__()
    assert silent.closed


def test_a_board_that_stops_listening_is_named():
    answers = {"audio": player, "a": lambda line: b""}
    with (
        Link(Board(answers=answers), TIMEOUT_S) as link,
        pytest.raises(LinkError, match="heard nothing of sample 0 for 0.02 s"),
    ):
        list(link.play(np.zeros(300, np.int16)))


def test_programs_ports_and_sockets_that_are_not_there(monkeypatch):
    with pytest.raises(LinkError, match="cannot be run"):
        Process(["/nowhere/firmware"])
    with pytest.raises(LinkError, match="nobody listens"):
        Socket("127.0.0.1", 9, timeout_s=0.01)
    with pytest.raises(LinkError, match="no such connection"):
        open_link("usb://3")
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(LinkError, match="need pyserial"):
        Serial("/dev/ttyACM9")


def test_a_program_that_ends_is_named():
    with pytest.raises(LinkError, match="has closed; start it again"):
        Link(Process([sys.executable, "-c", "pass"], "it"), 5.0).__enter__()
