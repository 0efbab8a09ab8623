"""A board names the scenes that the daemon names: the decision's integers, and a whole bundle in the application."""

from __future__ import annotations

import ctypes
import shutil
import sys
from pathlib import Path

import firmware_image
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

sys.path.insert(0, str(Path(__file__).parents[1] / "edge"))
import tiny_model
from bursts import bursts

from edge.board import open_board
from edge.daemon.listen import Listener
from edge.decide.scene import UNKNOWN, SceneDecider
from edge.link import Link
from edge.manifest import Scene, open_bundle
from edge.source.file import File
from edge.tasks.scene import SceneTask
from edge.transport import Process

LABELS = ["a", "b", "c", "d"]
YARD = Path(__file__).parents[2] / "samples" / "yard.opus"


class Config(ctypes.Structure):
    _fields_ = (
        ("labels", ctypes.c_uint16),
        ("targets", ctypes.c_uint16),
        ("target_labels", ctypes.c_char_p),
        ("smooth_windows", ctypes.c_uint16),
        ("enter", ctypes.c_uint16),
        ("leave", ctypes.c_uint16),
    )


class State(ctypes.Structure):
    _fields_ = (
        ("config", ctypes.POINTER(Config)),
        ("recent", ctypes.c_void_p),
        ("sums", ctypes.c_void_p),
        ("heard", ctypes.c_uint16),
        ("oldest", ctypes.c_uint16),
        ("state", ctypes.c_int32),
    )


@pytest.fixture(scope="module")
def decide(library):
    return library("decide/nh_scene.c")


class CDecider:
    """The C behind the face of ``SceneDecider``."""

    def __init__(self, lib, python, targets):
        self.lib = lib
        indices = bytes(LABELS.index(t) for t in targets)
        self.config = Config(len(LABELS), len(targets), indices, python.smooth_windows, python.enter, python.leave)
        self.recent = np.full(python.smooth_windows * len(LABELS), 99, np.uint8)
        self.sums = np.full(len(LABELS), 99, np.uint16)
        self._state = State()
        memory = ctypes.c_void_p(self.recent.ctypes.data), ctypes.c_void_p(self.sums.ctypes.data)
        lib.nh_scene_init(ctypes.byref(self._state), ctypes.byref(self.config), *memory)

    @property
    def state(self):
        return UNKNOWN if self._state.state < 0 else LABELS[self._state.state]

    def update(self, scores):
        q = None if scores is None else np.ascontiguousarray((scores ^ np.uint8(0x80)).view(np.int8))
        pointer = ctypes.c_void_p(None if q is None else q.ctypes.data)
        return bool(self.lib.nh_scene_update(ctypes.byref(self._state), pointer))

    def reset(self):
        self.lib.nh_scene_reset(ctypes.byref(self._state))


@given(
    scores=arrays(
        np.uint8, st.tuples(st.integers(0, 80), st.just(4)), elements=st.sampled_from([0, 60, 100, 128, 160, 255])
    ),
    silent=st.sets(st.integers(0, 80), max_size=10),
    targets=st.permutations(LABELS).flatmap(lambda p: st.integers(1, 4).map(lambda n: p[:n])),
    smooth=st.one_of(st.integers(1, 6), st.just(255)),
    thresholds=st.tuples(st.floats(0.01, 1.0), st.floats(0.01, 1.0)),
    reset_at=st.integers(0, 80),
)
def test_c_decides_as_python_does(decide, scores, silent, targets, smooth, thresholds, reset_at):
    python = SceneDecider(LABELS, targets, Scene(1, smooth, max(thresholds), min(thresholds)))
    c = CDecider(decide, python, targets)
    for i, row in enumerate(scores):
        if i == reset_at:
            python.reset()
            c.reset()
        given = None if i in silent else row
        assert python.update(given) == c.update(given)
        np.testing.assert_array_equal(c.sums, python.sums)
        assert (c.state, c._state.heard) == (python.state, python.heard)


def on_board(model, folder, samples, *flags, board="native"):
    """States that the application tells: (position, score, label); and the last one."""
    made = firmware_image.generated(str(model), open_board(board))
    program = firmware_image.build(made, board, "scene", folder, *flags)
    with Link(Process(firmware_image.command(program, board)), timeout_s=60) as link:
        told = [(heard.position, heard.score, heard.label) for heard in link.play(samples)]
        return told, link.info()["scene"]


def in_daemon(bundle, samples):
    task = SceneTask(bundle)
    events = Listener([task]).push(samples)
    return [(round(e.time_s * 16_000), e.score, e.label) for e in events], task.state


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
@pytest.mark.parametrize(("rows", "hop"), [(12, 5), (20, 20)])
def test_a_board_s_windows_are_the_daemon_s(tmp_path, rows, hop):
    bundle = tiny_model.loudness_scene(tmp_path / "noise", rows, Scene(hop, 3))
    samples = bursts([1.0, 2.0], 3.0)
    samples[38_000:] = 0  # digital silence, longer than a window
    found = on_board(bundle.folder, tmp_path, samples, *firmware_image.SANITIZE)
    assert found == in_daemon(bundle, samples)
    assert {label for _, _, label in found[0]} == {"loud", "quiet", UNKNOWN}


@pytest.mark.parametrize("board", ["native", "mps2-an386"])
def test_a_bundled_scene_model_s_windows_too(tmp_path, board):
    if not firmware_image.can_run(board):
        pytest.skip(f"nothing builds or runs {board} here")
    samples = np.concatenate(list(File(YARD)))
    told, state = on_board("sounds10", tmp_path, samples, board=board)
    # the native backend computes what the board does; LiteRT's fast kernels may be a step of 1/256 off
    events, expected = in_daemon(open_bundle("sounds10"), samples)
    assert [(p, label) for p, _, label in told] == [(p, label) for p, _, label in events] and state == expected
    assert [label for _, _, label in told if label != UNKNOWN] == ["rooster", "baby_cry"]
