"""lib/decide is edge/decide: the same events from the same scores, whatever they are."""

from __future__ import annotations

import ctypes
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.decide.keyword import KeywordDecider, release_integer, threshold_integer
from edge.manifest import Decision

STEP_MS = 10


class Config(ctypes.Structure):
    _fields_ = (
        ("labels", ctypes.c_uint16),
        ("targets", ctypes.c_uint16),
        ("target_labels", ctypes.c_char_p),
        ("window_steps", ctypes.c_uint16),
        ("warmup_steps", ctypes.c_uint32),
        ("refractory_steps", ctypes.c_uint32),
    )


class Target(ctypes.Structure):
    _fields_ = (
        ("threshold", ctypes.c_uint16),
        ("release", ctypes.c_uint16),
        ("wait", ctypes.c_uint32),
        ("released", ctypes.c_uint8),
    )


class State(ctypes.Structure):
    _fields_ = (
        ("config", ctypes.POINTER(Config)),
        ("targets", ctypes.POINTER(Target)),
        ("recent", ctypes.c_void_p),
        ("sums", ctypes.c_void_p),
        ("cold", ctypes.c_uint32),
        ("oldest", ctypes.c_uint16),
    )


@pytest.fixture(scope="module")
def decide(library):
    return library("decide/nh_decide.c")


class CDecider:
    """The C behind the face of ``KeywordDecider``."""

    def __init__(self, lib, python: KeywordDecider, targets: list[str]):
        self.lib, self.targets = lib, targets
        indices = bytes(python.labels.index(t) for t in targets)
        self.config = Config(
            len(python.labels),
            len(targets),
            indices,
            python.window_steps,
            python.warmup_steps,
            python.refractory_steps,
        )
        pairs = zip(python._threshold, python._release, strict=True)
        self.state_of_targets = (Target * max(1, len(targets)))(*(Target(t, r) for t, r in pairs))
        self.recent = np.full(python.window_steps * len(python.labels), 99, np.uint8)
        self.sums = np.full(len(python.labels), 99, np.uint16)
        self.state = State()
        memory = ctypes.c_void_p(self.recent.ctypes.data), ctypes.c_void_p(self.sums.ctypes.data)
        lib.nh_decide_init(ctypes.byref(self.state), ctypes.byref(self.config), self.state_of_targets, *memory)

    def update(self, scores: np.ndarray) -> int:
        q = np.ascontiguousarray((scores ^ np.uint8(0x80)).view(np.int8))
        return int(self.lib.nh_decide_update(ctypes.byref(self.state), ctypes.c_void_p(q.ctypes.data)))

    def reset(self) -> None:
        self.lib.nh_decide_reset(ctypes.byref(self.state))


# Few distinct values, so that crossings and equal sums are frequent.
SCORES = st.sampled_from([0, 1, 60, 90, 127, 128, 160, 254, 255])


@given(
    scores=arrays(np.uint8, st.tuples(st.integers(0, 150), st.just(4)), elements=SCORES),
    targets=st.permutations(["a", "b", "c"]).flatmap(lambda p: st.integers(0, 3).map(lambda n: p[:n])),
    window=st.one_of(st.integers(1, 6), st.just(255)),
    refractory=st.integers(0, 15),
    thresholds=st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3),
    release=st.floats(0.05, 1.0),
    warmup=st.integers(0, 20),
    reset_at=st.integers(0, 150),
)
def test_c_decides_as_python_does(decide, scores, targets, window, refractory, thresholds, release, warmup, reset_at):
    known = dict(zip("abc", thresholds, strict=True))
    python = KeywordDecider(
        ["other", "a", "b", "c"], targets, known, Decision(window, refractory * STEP_MS, release), STEP_MS, warmup
    )
    c = CDecider(decide, python, targets)
    for step, row in enumerate(scores):
        if step == reset_at:
            python.reset()
            c.reset()
        fired = python.update(row)
        best = c.update(row)
        np.testing.assert_array_equal(c.sums, python.sums)
        assert [t for t, _ in fired] == ([] if best < 0 else [targets[best]])


@given(millionths=st.integers(1, 1_000_000), window=st.integers(1, 255), release=st.integers(1, 1_000_000))
def test_thresholds_set_on_the_board_are_those_of_the_manifest(decide, millionths, window, release):
    decide.nh_decide_threshold.restype = decide.nh_decide_release.restype = ctypes.c_uint16
    threshold = decide.nh_decide_threshold(ctypes.c_uint32(millionths), ctypes.c_uint16(window))
    assert threshold == threshold_integer(millionths / 1e6, window)
    found = decide.nh_decide_release(ctypes.c_uint16(threshold), ctypes.c_uint32(release))
    assert found == release_integer(threshold, release / 1e6)


def _crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE by its definition."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
        crc &= 0xFFFF
    return crc


@pytest.fixture(scope="module")
def crc(library):
    lib = library("crc/nh_crc.c")
    lib.nh_crc16.restype, lib.nh_crc32.restype = ctypes.c_uint16, ctypes.c_uint32
    return lib


@given(first=st.binary(max_size=40), second=st.binary(max_size=40))
def test_checksums(crc, first, second):
    assert crc.nh_crc16(0xFFFF, first, len(first)) == _crc16(first)
    begun = crc.nh_crc32(0, first, len(first))
    assert crc.nh_crc32(ctypes.c_uint32(begun), second, len(second)) == zlib.crc32(first + second)
    assert _crc16(b"123456789") == 0x29B1
