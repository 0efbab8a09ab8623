"""The daemon's native backend, from a bundle to the same scores as the step graph's integers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from converters.check import random_features
from converters.cli.compile import compile as compile_verb
from converters.compile import open_source
from converters.run import outputs, run_steps
from edge.cli.verbs import application
from edge.manifest import bundled_names, open_bundle
from edge.runtime.backend import open_picture, open_stream


def run(app_or_verb, *args: str):
    app = app_or_verb
    if not isinstance(app, typer.Typer):
        app = typer.Typer()
        app.command()(app_or_verb)
    return CliRunner().invoke(app, list(args))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("name", [n for n in bundled_names() if open_bundle(n).manifest.stream])
def test_the_native_backend_gives_the_step_graphs_integers(name):
    assert run(compile_verb, name, "--library").exit_code == 0
    stream = open_stream(open_bundle(name), "native")
    features = random_features(1, 40 * stream.step_frames, stream.bands, 3)[0]
    steps = np.split(features, 40)
    wanted = [o[0].reshape(-1) for o in run_steps(open_source(name).graph, [[s[None, ..., None]] for s in steps])]
    for _ in range(2):
        stream.reset()
        np.testing.assert_array_equal([stream.step(s) for s in steps], wanted)


def test_listen_hears_the_same_with_either_backend():
    assert run(compile_verb, "wake_computer", "--library").exit_code == 0
    line = ["listen", "--model", "wake_computer", "--source", "samples/kitchen.opus", "--json"]
    heard = {}
    for backend in ("litert", "native"):
        done = CliRunner().invoke(application(line), [*line, "--backend", backend])
        assert done.exit_code == 0, done.output
        rows = [json.loads(r) for r in done.stdout.splitlines() if r.startswith("{")]
        heard[backend] = [(r["label"], r["time_s"]) for r in rows]
    assert heard["native"] == heard["litert"] != []


def test_wrong_use_of_the_library_options_is_usage():
    assert run(compile_verb, "wake_alexa", "--library", "--target", "m4").exit_code == 2
    assert run(compile_verb, "wake_alexa", "--library", "--compiler", "gcc").exit_code == 2


@pytest.mark.skipif(shutil.which("arm-linux-gnueabihf-gcc") is None, reason="no compiler for a 32-bit Pi")
def test_a_library_for_a_32_bit_pi_is_made_ahead_of_time(tmp_path):
    out = tmp_path / "stream-armv7l.so"
    done = run(compile_verb, "wake_alexa", "--library", "--compiler", "arm-linux-gnueabihf-gcc", "--out", str(out))
    assert done.exit_code == 0, done.output
    kind = subprocess.run(["readelf", "-h", str(out)], capture_output=True, text=True, check=True).stdout
    assert "ELF32" in kind and "ARM" in kind


@pytest.fixture
def red(tmp_path, monkeypatch):
    """A bundle for pictures, written by hand: what is red is a person."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "edge"))
    import tiny_picture

    return tiny_picture.red_bundle(tmp_path / "red", 24, 40)


def test_a_network_for_pictures_gives_the_graphs_integers(red):
    assert run(compile_verb, str(red), "--library").exit_code == 0
    network = open_picture(open_bundle(red), "native")
    assert (network.height, network.width) == (24, 40)
    graph = open_source(str(red)).graph
    for seed in range(3):
        pixels = np.random.default_rng(seed).integers(-128, 128, (24, 40, 3)).astype(np.int8)
        wanted = outputs(graph, [pixels[None]])[0]
        np.testing.assert_array_equal(network.run(pixels), wanted[0, ..., 0])


def test_constants_lie_where_gcc_thinks_they_do(red, tmp_path):
    out = tmp_path / "model.so"
    assert run(compile_verb, str(red), "--library", "--out", str(out)).exit_code == 0
    listed = subprocess.run(["nm", str(out)], capture_output=True, text=True, check=True).stdout
    at = [int(line.split()[0], 16) for line in listed.splitlines() if re.search(r" r c\d+$", line)]
    assert at and all(a % 32 == 0 for a in at)
