"""Bundles for a daemon."""

import pytest
import tiny_model

from edge.manifest import Scene


@pytest.fixture
def folder(tmp_path):
    tiny_model.loudness_bundle(tmp_path / "a")
    tiny_model.loudness_bundle(tmp_path / "b", step=2, points=(("default", 0.7),))
    tiny_model.loudness_scene(tmp_path / "noise", 12, Scene(5, 2))
    return tmp_path
