"""Networks for pictures in LiteRT: what they compute, what is none."""

import numpy as np
import pytest
import tiny_model
from tiny_picture import red_model

from edge.manifest import open_bundle
from edge.runtime import ModelFileError
from edge.runtime.backend import open_picture
from edge.runtime.litert import LiteRtPicture


def expected(pixels):
    """In floats, from int8 [H, W, 3]."""
    red, green, blue = np.moveaxis(pixels.astype(float) / 64, -1, 0)
    return 256 / (1 + np.exp(4 - 4 * (red - (green + blue) / 2))) - 128


@pytest.mark.parametrize("size", [(16, 16), (24, 40)])
def test_the_mask_lies_as_the_picture(tmp_path, size):
    network = LiteRtPicture(red_model(tmp_path / "model.tflite", *size))
    assert (network.height, network.width) == size
    pixels = np.random.default_rng(0).integers(-128, 128, (*size, 3)).astype(np.int8)
    first = network.run(pixels)
    assert first.shape == size and np.abs(first - np.clip(expected(pixels), -128, 127)).max() < 5
    kept = first.copy()
    network.run(-pixels)
    np.testing.assert_array_equal(first, kept)  # a copy


def test_threads_make_no_difference(tmp_path):
    path = red_model(tmp_path / "model.tflite")
    pixels = np.random.default_rng(1).integers(-128, 128, (64, 64, 3)).astype(np.int8)
    np.testing.assert_array_equal(LiteRtPicture(path, 1).run(pixels), LiteRtPicture(path, 2).run(pixels))


def test_another_size_is_refused(tmp_path):
    network = LiteRtPicture(red_model(tmp_path / "model.tflite"))
    with pytest.raises(ValueError, match="64 x 64"):
        network.run(np.zeros((32, 32, 3), np.int8))


def test_a_network_for_sound_is_one_line(tmp_path):
    path = tiny_model.loudness_model(tmp_path / "model.tflite")
    with pytest.raises(ModelFileError, match="no network for pictures"):
        LiteRtPicture(path)


def test_backends(red_path):
    bundle = open_bundle(red_path)
    assert open_picture(bundle).height == 64
    with pytest.raises(ModelFileError, match="no backend 'tpu'"):
        open_picture(bundle, "tpu")
