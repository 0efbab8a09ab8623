"""C equals the numpy specification bit for bit, and both equal what they were."""

import zlib

import numpy as np
import pytest

from edge.frontend import Frontend, FrontendConfig, features, log_mel, spec
from edge.frontend.tables import tables


def test_c_equals_spec(config, signal):
    ours = log_mel(signal, config)
    assert ours.dtype == np.int16 and ours.shape == (config.frames(len(signal)), config.bands)
    np.testing.assert_array_equal(ours, spec.log_mel(signal, config))


def test_quantize_equals_spec(config):
    every = np.arange(-32768, 32768).astype(np.int16)
    np.testing.assert_array_equal(Frontend(config).quantize(every), spec.quantize(every, config))


def test_features_are_quantized_log_mel(config, speech):
    np.testing.assert_array_equal(features(speech, config), spec.quantize(spec.log_mel(speech, config), config))


def test_silence_is_zero(config):
    assert not log_mel(np.zeros(config.samples(3), np.int16), config).any()


@pytest.mark.parametrize("config_name, expected", [("default", 0x6E097700), ("scene", 0x4213D6E9)])
def test_golden(config_name, expected, lcg, scene):
    """A change of arithmetic makes every trained model wrong: this CRC may change only with a reason."""
    rows = log_mel(lcg, scene if config_name == "scene" else FrontendConfig())
    assert f"{zlib.crc32(rows.astype('<i2').tobytes()):08x}" == f"{expected:08x}"


@pytest.mark.parametrize("config_name, expected", [("default", 0xA0DEAFB9), ("scene", 0x4E2C2449)])
def test_golden_tables(config_name, expected, scene):
    """The tables come from the machine's cos and log; this says that it rounds them as the others do."""
    made = tables(scene if config_name == "scene" else FrontendConfig())
    text = b"".join(t.astype(t.dtype.newbyteorder("<")).tobytes() for t in vars(made).values())
    assert f"{zlib.crc32(text):08x}" == f"{expected:08x}"


def test_config_hash_of_the_default():
    """Bundles carry it; a new default needs new models."""
    assert FrontendConfig().hash == "eef358782961e188"
