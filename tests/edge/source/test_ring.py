"""The ring: nothing torn, nothing twice, what is lost is counted."""

import threading

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.source.ring import Ring


def test_wraps_around():
    ring = Ring(5)
    got = []
    for i in range(0, 12, 3):
        ring.write(np.arange(i, i + 3, dtype=np.int16)[:, None])
        got += ring.read(4)[:, 0].tolist()
    assert got == list(range(12)) and ring.overruns == 0


def test_what_does_not_fit_is_dropped_and_counted():
    ring = Ring(4, channels=2)
    ring.write(np.arange(12, dtype=np.int16).reshape(6, 2))
    assert (ring.overruns, ring.lost, len(ring)) == (1, 2, 4)
    np.testing.assert_array_equal(ring.read(9), np.arange(8).reshape(4, 2))
    assert ring.read(9).shape == (0, 2)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=60), st.integers(1, 12))
def test_is_a_bounded_queue(turns, capacity):
    ring, model, next_value = Ring(capacity), [], 0
    for written, read in turns:
        values = np.arange(next_value, next_value + written, dtype=np.int16)
        next_value += written
        ring.write(values[:, None])
        model += values[: capacity - len(model)].tolist()
        assert ring.read(read)[:, 0].tolist() == model[:read]
        del model[:read]


def test_two_threads():
    ring, total, got = Ring(1_000), 200_000, []

    def produce():
        sent = 0
        while sent < total:
            n = min(97, total - sent, ring.capacity - len(ring))
            ring.write((np.arange(sent, sent + n) % 30_011).astype(np.int16)[:, None])
            sent += n

    thread = threading.Thread(target=produce)
    thread.start()
    while sum(map(len, got)) < total:
        got.append(ring.read(131)[:, 0])
    thread.join()
    np.testing.assert_array_equal(np.concatenate(got), np.arange(total) % 30_011)
    assert ring.overruns == 0
