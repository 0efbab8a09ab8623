"""A board names the scenes that the daemon names: the decision's integers, and a whole bundle in the application."""

from __future__ import annotations

import ctypes
import re
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
SAMPLES = Path(__file__).parents[2] / "samples" / "kitchen.opus"


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


def on_board(model, folder, samples, *flags):
    """m-scene lines of the application on this machine: (position, score, label)."""
    program = firmware_image.build(
        firmware_image.generated(str(model), open_board("native")), "native", "scene", folder, *flags
    )
    said = []
    with Link(Process([str(program)])) as link:
        aside = link._aside
        link._aside = lambda line: (said.append(line), aside(line))[1]
        assert list(link.play(samples)) == []
        state = link.info()["scene"]
    found = [re.fullmatch(r"m-scene-\[(\d+),(\d+),(\d+),(\w+)\]", line) for line in said]
    return [(int(m[1]), round(int(m[2]) / int(m[3]), 5), m[4]) for m in found if m], state


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


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_a_bundled_scene_model_s_windows_too(tmp_path):
    from edge.manifest import bundled_names

    names = [n for n in bundled_names() if open_bundle(n).manifest.scene]
    if not names:
        pytest.skip("no scene model is bundled")
    samples = np.concatenate(list(File(SAMPLES)))
    board, _ = on_board(names[0], tmp_path, samples)
    daemon, _ = in_daemon(open_bundle(names[0]), samples)
    assert [(p, label) for p, _, label in board] == [(p, label) for p, _, label in daemon]
