"""Any split of a recording into pushes gives the same frames."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.frontend import Frontend, FrontendConfig, log_mel

SAMPLES = np.random.default_rng(1).integers(-20_000, 20_000, 3_000).astype(np.int16)
SHORT = FrontendConfig(window_ms=7, hop_ms=3, fft_size=128, bands=20)


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, len(SAMPLES)), max_size=30))
@pytest.mark.parametrize("config", [FrontendConfig(), SHORT], ids=["default", "short"])
def test_any_split(config, cuts):
    frontend = Frontend(config)
    rows = [frontend.push(part) for part in np.split(SAMPLES, sorted(cuts))]
    np.testing.assert_array_equal(np.concatenate(rows), log_mel(SAMPLES, config))


def test_frames_come_when_complete():
    config = FrontendConfig()
    frontend = Frontend(config)
    assert frontend.push(SAMPLES[: config.window_samples - 1]).shape == (0, 40)
    assert frontend.push(SAMPLES[:1]).shape == (1, 40)
    assert frontend.push(SAMPLES[: config.hop_samples - 1]).shape == (0, 40)
    assert frontend.push(SAMPLES[:1]).shape == (1, 40)
    assert frontend.push(SAMPLES[:0]).shape == (0, 40)


def test_push_features_is_quantized_push():
    config = FrontendConfig()
    rows = Frontend(config).push_features(SAMPLES)
    assert rows.dtype == np.int8
    np.testing.assert_array_equal(rows, Frontend(config).quantize(log_mel(SAMPLES, config)))


def test_reset_forgets(config):
    frontend = Frontend(config)
    frontend.push(np.full(config.window_samples + 5, -32768, np.int16))
    frontend.reset()
    np.testing.assert_array_equal(frontend.push(SAMPLES), log_mel(SAMPLES, config))


def test_strided_and_read_only_samples():
    spaced = np.repeat(SAMPLES, 2)[::2]
    spaced.flags.writeable = False
    np.testing.assert_array_equal(log_mel(spaced), log_mel(SAMPLES))


def test_streams_in_threads_do_not_meet():
    expected = log_mel(SAMPLES)
    found: list[bool] = []

    def run() -> None:
        found.extend(np.array_equal(log_mel(SAMPLES), expected) for _ in range(50))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 200 and all(found)


@pytest.mark.parametrize(
    "samples",
    [np.zeros(480), np.zeros((480, 1), np.int16), np.zeros(480, np.int32), [0] * 480, np.int16(3)],
    ids=["float", "two_dimensions", "int32", "list", "scalar"],
)
def test_other_samples_are_refused(samples):
    with pytest.raises(ValueError, match=r"samples must be int16 \[n\], not .*"):
        Frontend().push(samples)
