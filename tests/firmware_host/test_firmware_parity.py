"""Recordings played into the firmware: its events are the daemon's, at the same samples; noise on the line changes
nothing but the time it takes."""

from __future__ import annotations

import random
from pathlib import Path

import firmware_image
import numpy as np
import pytest

from converters.compile import compile_model, open_source
from converters.emit.c import emit
from converters.library import PREFIX, abi_source, build, default_path
from converters.target import target
from edge.board import open_board
from edge.daemon.listen import Listener
from edge.link import Link, LinkError, Step
from edge.manifest import bundled_names, open_bundle
from edge.runtime.native import library_paths
from edge.source.file import File
from edge.tasks.keyword import KeywordTask
from edge.transport import Process

SAMPLES = Path(__file__).parents[2] / "samples" / "kitchen.opus"
RATE_HZ = 16_000
ONE_WORD = slice(16_000, 39_000)
"""Samples of the recording with one "computer" in them."""
END_S = 23_000 / RATE_HZ

Heard = tuple[float, str, float]
"""Time, label, score."""


@pytest.fixture(scope="module")
def kitchen() -> np.ndarray:
    return np.concatenate(list(File(SAMPLES)))


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """(model, board) -> the command that runs the keyword firmware; built once."""
    made: dict[tuple[str, str], list[str]] = {}

    def command(model: str, board: str) -> list[str]:
        if not firmware_image.can_run(board):
            pytest.skip(f"nothing builds or runs {board} here")
        if (model, board) not in made:
            files = firmware_image.generated(model, open_board(board))
            elf = firmware_image.build(files, board, "keyword", tmp_path_factory.mktemp("firmware"))
            made[model, board] = firmware_image.command(elf, board)
        return made[model, board]

    return command


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """(model, samples, backend) -> what `nuthatch listen` hears, the silence after the end included.

    The native backend computes what the firmware does, bit for bit; LiteRT's scores may differ in the last one.
    """
    folder = tmp_path_factory.mktemp("cache")

    def hear(model: str, samples: np.ndarray, backend: str = "native") -> list[Heard]:
        bundle, source = open_bundle(model), open_source(model)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", str(folder))
            made = compile_model(source, target("host"))
            if backend == "native" and not any(p.is_file() for p in library_paths(bundle)):
                build({**emit(made, PREFIX), "abi.c": abi_source(bundle, made)}, default_path(bundle))
            thresholds = bundle.manifest.operating_points[0].thresholds
            listener = Listener([KeywordTask(bundle, thresholds, backend=backend)])
        return [(e.time_s, e.label, e.score) for e in [*listener.push(samples), *listener.finish()]]

    return hear


def heard(link: Link, samples: np.ndarray) -> list[Heard]:
    return [(round(e.position / RATE_HZ, 3), e.label, e.score) for e in link.play(samples)]


def with_tail(link: Link, samples: np.ndarray) -> np.ndarray:
    return np.concatenate([samples, np.zeros(int(link.info()["tail_samples"]), np.int16)])


@pytest.mark.parametrize("model", [n for n in bundled_names() if open_bundle(n).manifest.stream])
def test_the_native_firmware_hears_what_the_daemon_hears(program, daemon, kitchen, model):
    step_s = open_bundle(model).manifest.step_ms / 1000
    with Link(Process(program(model, "native"))) as link:
        expected = daemon(model, kitchen)
        assert expected
        assert heard(link, with_tail(link, kitchen)) == expected
        assert heard(link, with_tail(link, kitchen)) == expected  # every recording is a new stream
    floating = daemon(model, kitchen, "litert")
    assert [e[1] for e in floating] == [e[1] for e in expected]
    assert all(abs(a[0] - b[0]) <= 2 * step_s for a, b in zip(floating, expected, strict=True))


@pytest.mark.parametrize("name", ["mps2-an386", "rv32-virt"])
def test_an_emulated_board_hears_what_the_daemon_hears(program, daemon, kitchen, name):
    """One word; each step costs the same number of instructions."""
    part = kitchen[ONE_WORD]
    steps: list[Step] = []
    with Link(Process(program("wake_computer", name), name), timeout_s=60) as link:
        info = link.info()
        assert (info["board"], info["unit"], info["constants_ok"]) == (name, "instructions", "1")
        link.steps = steps.append
        link.ask("steps on")
        found = heard(link, part)
        assert found == [e for e in daemon("wake_computer", part) if e[0] <= END_S]
        assert found
        costs = link.cost()
        assert costs["model"].count == len(steps) == 35
        assert sum(s.model for s in steps) == pytest.approx(costs["model"].sum, abs=len(steps))
        assert 0 < costs["frontend"].least <= costs["frontend"].most < 1.1 * costs["frontend"].least
        assert link.stats()["stack_most"] < 2048


@pytest.mark.slow
def test_an_emulated_board_hears_all_of_the_recording(program, daemon, kitchen):
    with Link(Process(program("wake_computer", "mps2-an386")), timeout_s=60) as link:
        assert heard(link, with_tail(link, kitchen)) == daemon("wake_computer", kitchen)
        stats = link.stats()
        assert (stats["lines_dropped"], stats["blocks_damaged"], stats["overruns"]) == (0, 0, 0)


def test_thresholds_outlive_a_fault(program):
    """RAM that a reset spares plays the settings page on an emulator."""
    with Link(Process(program("wake_computer", "mps2-an386")), timeout_s=60) as link:
        link.set_threshold("computer", 0.5)
        link.ask("save")
        with pytest.raises(LinkError, match="has restarted"):
            link.ask("fault")
        link.synchronize()
        assert link.info()["threshold.computer"] == "640"


class Noisy:
    """A line that damages bytes: towards the board always, from the board when asked for."""

    def __init__(self, inner: Process, seed: int, rate: float, both: bool = False) -> None:
        self.inner, self.name, self.both, self.rate = inner, inner.name, both, rate
        self._random = random.Random(seed)

    def read(self, timeout_s):
        data = self.inner.read(timeout_s)
        return self._damaged(data) if self.both else data

    def write(self, data, timeout_s):
        self.inner.write(self._damaged(data), timeout_s)

    def close(self):
        self.inner.close()

    def _damaged(self, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            if self._random.random() < self.rate:
                what = self._random.randrange(3)
                out += [b"", bytes([self._random.randrange(256)]), bytes([byte, byte])][what]
            else:
                out.append(byte)
        return bytes(out)


@pytest.mark.parametrize("seed", range(3))
def test_damaged_blocks_are_sent_again(program, daemon, kitchen, seed):
    part = kitchen[ONE_WORD]
    expected = [e for e in daemon("wake_computer", part) if e[0] <= END_S]
    with Link(Noisy(Process(program("wake_computer", "native")), seed, 2e-4), timeout_s=4) as link:
        assert heard(link, part) == expected
        assert link.stats()["blocks_damaged"] > 0


@pytest.mark.parametrize("seed", range(3))
def test_a_line_that_is_bad_both_ways_ends_in_an_answer_or_an_error(program, kitchen, seed):
    inner = Process(program("wake_computer", "native"))
    line = Noisy(inner, seed, 2e-3, both=True)
    try:
        with Link(line, timeout_s=1) as link:
            list(link.play(kitchen[:16_000]))
    except LinkError as e:
        assert len(str(e).splitlines()) == 1
