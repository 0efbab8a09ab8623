"""A library that is none, of another model or interface is refused; two streams of one model do not meet.

The library here is a hand-written model of the documented interface: its score is the sum of all it heard.
"""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from edge.manifest import open_bundle
from edge.runtime.backend import backends, open_stream
from edge.runtime.error import ModelFileError
from edge.runtime.native import NativeStream, library_paths

SOURCE = """
#include <stdint.h>
static int8_t sum;
int32_t nh_abi(void) { return ABI; }
const char *nh_sha256(void) { return "abc"; }
const int32_t *nh_shape(void) { static const int32_t s[] = {2, 3, 1, 40}; return s; }
void nh_reset(void) { sum = 0; }
void nh_init(void *arena) { ((uint8_t *)arena)[39] = (uint8_t)((uintptr_t)arena % 16); nh_reset(); }
void nh_step(const int8_t *frames, int8_t *scores) {
    for (int i = 0; i < 6; i++) sum = (int8_t)(sum + frames[i]);
    scores[0] = sum;
}
"""


def library(folder, abi=1, source=SOURCE):
    (folder / "m.c").write_text(source)
    path = folder / f"m{abi}.so"
    line = ["gcc", f"-DABI={abi}", "-shared", "-fPIC", "m.c", "-o", path.name]
    subprocess.run(line, cwd=folder, check=True)
    return path


def test_it_steps_and_resets(tmp_path):
    stream = NativeStream(library(tmp_path), "abc")
    assert (stream.step_frames, stream.bands, stream.labels) == (2, 3, 1)
    first = stream.step(np.full((2, 3), 2, np.int8))
    assert [int(first[0]), int(stream.step(np.ones((2, 3), np.int8))[0])] == [12, 18]
    assert first[0] == 12
    stream.reset()
    assert stream.step(np.ones((2, 3), np.int8))[0] == 6


def test_two_streams_of_one_model_keep_their_own_state(tmp_path):
    path = library(tmp_path)
    a, b = NativeStream(path, "abc"), NativeStream(path, "abc")
    a.step(np.full((2, 3), 5, np.int8))
    assert b.step(np.ones((2, 3), np.int8))[0] == 6


def test_what_does_not_fit_is_refused(tmp_path):
    path = library(tmp_path)
    with pytest.raises(ModelFileError, match="compiled from another model"):
        NativeStream(path, "abd")
    with pytest.raises(ModelFileError, match="of interface 2, nuthatch loads 1"):
        NativeStream(library(tmp_path, abi=2), "abc")
    with pytest.raises(ModelFileError, match="no compiled model"):
        NativeStream(library(tmp_path, 3, "int x;"), "abc")
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"not a library")
    with pytest.raises(ModelFileError, match="cannot be loaded"):
        NativeStream(broken, "abc")
    with pytest.raises(ValueError, match="a step is 2 frames of 3 bands"):
        NativeStream(path, "abc").step(np.zeros((2, 4), np.int8))


def test_a_model_that_is_not_compiled_names_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    bundle = open_bundle("wake_alexa")
    with pytest.raises(ModelFileError, match=r"not compiled for this machine.*nuthatch compile .*wake_alexa --library"):
        open_stream(bundle, "native")
    assert library_paths(bundle, "armv7l")[1].parent == tmp_path / "nuthatch" / "native"
    assert library_paths(bundle, "armv7l")[0] == bundle.folder / "stream-armv7l.so"


def test_backends_are_files_of_the_folder():
    assert {"litert", "native"} <= set(backends())
    with pytest.raises(ModelFileError, match="there are litert, native"):
        open_stream(open_bundle("wake_alexa"), "nonsense")
