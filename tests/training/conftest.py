"""Bundles written by hand, clips and the command, for the tests of measuring."""

import dataclasses
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.manifest import open_bundle

EDGE = Path(__file__).parents[1] / "edge"


def tiny(name):
    """A module beside the tests of edge."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, EDGE / f"{name}.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def tiny_model():
    return tiny("tiny_model")


@pytest.fixture
def tiny_picture():
    """What is red is a person: networks, bundles and pictures of that."""
    tiny_model()
    return tiny("tiny_picture")


@pytest.fixture
def wake_bundle(tmp_path):
    """A model of the word "alexa" that in truth hears loudness."""
    folder = tmp_path / "wake_alexa"
    tiny_model().loudness_bundle(folder)
    manifest = open_bundle(folder).manifest
    point = dataclasses.replace(manifest.operating_points[0], thresholds={"alexa": 0.9})
    dataclasses.replace(manifest, labels=["_unknown_", "alexa"], targets=["alexa"], operating_points=[point]).write(
        folder
    )
    return folder


@pytest.fixture
def sound():
    """(seed, seconds, level, word_s) -> int16 [n], a word of noise between silences."""
    return _sound


def _sound(seed, seconds=1.0, level=3_000, word_s=(0.3, 0.8)):
    rng = np.random.default_rng(seed)
    audio = rng.normal(0, 3, int(seconds * 16_000))
    first, last = (int(s * 16_000) for s in word_s)
    audio[first:last] += rng.normal(0, level, last - first)
    return audio.astype(np.int16)


@pytest.fixture
def clips_folder(tmp_path, sound):
    """Speech Commands layout: loud "alexa" clips and quiet others, two speakers each and a nameless one."""
    folder = tmp_path / "clips"
    for word, level in (("alexa", 9_000), ("cat", 2), ("dog", 2), ("_silence_", 1)):
        (folder / word).mkdir(parents=True)
        for i in range(6):
            name = f"{i}.wav" if word == "_silence_" else f"{'abcdef'[i % 2] * 8}_nohash_{i}.wav"
            # The loudness model sees 120 ms in the middle.
            soundfile.write(folder / word / name, sound(i, level=level, word_s=(0.2, 0.8)), 16_000)
    return folder


@pytest.fixture
def nuthatch(capsys):
    """Run the command in this process: arguments -> (exit code, stdout, stderr)."""
    from edge.cli import main

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return end.value.code, out, err

    return run
