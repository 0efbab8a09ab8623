"""Raw samples from a pipe: how they are cut makes no difference."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.source import SourceError
from edge.source.stdin import Stdin


class Pipe(io.RawIOBase):
    """Gives the parts one by one, as a slow writer would."""

    def __init__(self, parts):
        self.parts = [p for p in parts if p]

    def read1(self, _size):
        return self.parts.pop(0) if self.parts else b""


def cut(data, places):
    edges = [0, *sorted(places), len(data)]
    return [data[a:b] for a, b in zip(edges, edges[1:], strict=False)]


DATA = np.random.default_rng(1).integers(-9_000, 9_000, 4_000).astype("<i2").tobytes()
PLACES = st.lists(st.integers(0, len(DATA)), max_size=30)


@settings(max_examples=50, deadline=None)
@given(PLACES, st.sampled_from([(16_000, 1), (16_000, 2), (16_000, 3), (48_000, 1), (8_000, 2)]))
def test_any_split_gives_the_same_samples(places, form):
    whole = np.concatenate(list(Stdin(*form, pipe=Pipe([DATA]))))
    np.testing.assert_array_equal(np.concatenate(list(Stdin(*form, pipe=Pipe(cut(DATA, places))))), whole)


def test_mono_at_16_khz_is_untouched_and_an_odd_byte_is_dropped():
    got = np.concatenate(list(Stdin(pipe=Pipe([DATA + b"x"]))))
    np.testing.assert_array_equal(got, np.frombuffer(DATA, "<i2"))


@pytest.mark.parametrize(("form", "says"), [((100, 1), "100 Hz"), ((16_000, 0), "0 channels"), ((10**7, 1), "Hz")])
def test_bad_forms(form, says):
    with pytest.raises(SourceError, match=says):
        Stdin(*form, pipe=Pipe([]))


def test_nothing_in_the_pipe():
    with pytest.raises(SourceError, match="ended without a sample"):
        list(Stdin(pipe=Pipe([])))
