"""How far the integers are from float64, in units of 1/256 octave (0.0118 dB).

Counted are the bands that float64 puts above the int8 feature's floor: below it every value is the same -128.
"""

import numpy as np
import pytest
from frontend_signals import noise

from edge.frontend import FrontendConfig, log_mel
from edge.frontend.float_spec import log_mel_float

LEVELS_DB = [0, -10, -20, -40, -60, -70]


def _errors(samples, config):
    exact = log_mel_float(samples, config)
    heard = exact >= config.offset - (128 << config.shift)
    assert heard.any()
    return np.abs(log_mel(samples, config) - exact)[heard]


def _configs(scene):
    return [FrontendConfig(), scene]


@pytest.mark.parametrize("level_db", LEVELS_DB)
def test_noise(level_db, scene):
    for config in _configs(scene):
        errors = _errors(noise(level_db), config)
        assert errors.max() < 1.0 and errors.mean() < 0.27


@pytest.mark.parametrize("level_db", LEVELS_DB)
def test_speech(level_db, speech, scene):
    full_scale = speech * (32767 / np.abs(speech.astype(int)).max())
    samples = np.round(full_scale * 10 ** (level_db / 20)).astype(np.int16)
    for config in _configs(scene):
        errors = _errors(samples, config)
        assert errors.max() < 12.0 and errors.mean() < 0.27


def test_leakage_of_a_full_scale_tone(scene):
    """The Q16 window's own noise lies about 120 dB under a full-scale tone: half a dB at the floor."""
    samples = np.round(32767 * np.sin(2 * np.pi * 1000.5 / 16_000 * np.arange(16_000))).astype(np.int16)
    for config in _configs(scene):
        errors = _errors(samples, config)
        assert errors.max() < 64.0 and errors.mean() < 8.0


def test_what_float_puts_under_the_floor_stays_there(speech):
    """The noise of the arithmetic must not lift quiet bands into the feature."""
    config = FrontendConfig()
    floor = config.offset - (128 << config.shift)
    tone = np.round(32767 * np.sin(2 * np.pi * 1000.5 / 16_000 * np.arange(16_000))).astype(np.int16)
    for samples in (noise(-90), speech // 64, tone):
        unheard = log_mel_float(samples, config) < floor
        assert log_mel(samples, config)[unheard].max() <= floor + 32


def test_levels_of_the_int8_feature(speech):
    """-90 dBFS noise lies at the bottom, speech at full scale under the top."""
    config = FrontendConfig()
    frontend_floor = config.offset - (128 << config.shift)
    top = config.offset + (127 << config.shift)
    assert abs(np.median(log_mel(noise(-90))) - frontend_floor) < 64
    full_scale = np.round(speech * (32767 / np.abs(speech.astype(int)).max())).astype(np.int16)
    assert log_mel(full_scale).max() < top


def test_level_does_not_depend_on_the_fft():
    """Power is scaled by the FFT's size, so that models of different windows see like numbers."""
    samples = np.round(10_000 * np.sin(2 * np.pi * 1000 / 16_000 * np.arange(16_000))).astype(np.int16)
    peaks = [
        log_mel(samples, FrontendConfig(window_ms=ms, fft_size=fft)).max()
        for ms, fft in [(16, 256), (32, 512), (64, 1024), (128, 2048)]
    ]
    assert max(peaks) - min(peaks) < 256
