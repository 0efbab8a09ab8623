"""bundle.h: what it says of a bundle, and models of any number of inputs, outputs and constants."""

from __future__ import annotations

import dataclasses
import re
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "firmware_host"))
import firmware_image

from converters.compile import compile_model, open_source
from converters.emit.about import About
from converters.emit.c import constant_arrays
from converters.firmware_header import bundle_header, firmware_files
from converters.graph import Graph, Node, Quantization, Tensor
from converters.ops.maximum.op import Maximum
from converters.plan import plan
from converters.run import outputs
from converters.target import target
from edge.board import open_board
from edge.decide.keyword import release_integer, threshold_integer
from edge.link import Link
from edge.manifest import bundled_names, open_bundle
from edge.transport import Process


def macros(text: str) -> dict[str, str]:
    return dict(re.findall(r"^#define (NH_\w+) (.*?)(?: /\*.*)?$", text, re.M))


@pytest.mark.parametrize("name", [n for n in bundled_names() if open_bundle(n).manifest.stream])
def test_the_decision_s_integers_are_the_daemon_s(name):
    bundle = open_bundle(name)
    manifest, made = bundle.manifest, compile_model(open_source(name), target("host"))
    found = macros(bundle_header(bundle, made, open_board("mps2-an386")))
    window, values = manifest.decision.window_steps, manifest.operating_points[0].thresholds
    thresholds = [threshold_integer(values[t], window) for t in manifest.targets]
    releases = [release_integer(t, manifest.decision.release) for t in thresholds]
    assert found["NH_THRESHOLDS"] == str(thresholds).replace("[", "{").replace("]", "}")
    assert found["NH_RELEASES"] == str(releases).replace("[", "{").replace("]", "}")
    assert found["NH_MODEL_HASH"].strip('"') == manifest.files["stream.tflite"].sha256
    assert (found["NH_FRONTEND_ID"], found["NH_TICK_NS"]) == (f'"{manifest.frontend.hash}"', "64u")
    assert int(found["NH_CONSTANTS_CRC"][:-1], 16) == zlib.crc32(b"".join(constant_arrays(made).values()))


def test_names_cannot_break_a_line_of_the_link():
    bundle = open_bundle("wake_computer")
    manifest = dataclasses.replace(bundle.manifest, name='a"]\n,=?é\\', labels=["x", "it's"], targets=[])
    made = compile_model(open_source("wake_computer"), target("host"))
    found = macros(bundle_header(dataclasses.replace(bundle, manifest=manifest), made, open_board("native")))
    assert found["NH_MODEL_NAME"] == '"a________"'
    assert found["NH_LABEL_NAMES"] == '{"x", "it\'s"}'


def test_a_model_of_two_inputs_and_no_constants(tmp_path):
    shape, q = (1, 4, 3, 2), Quantization.of(0.1, 3)
    names = ["a", "b", "y"]
    tensors = {n: Tensor(n, shape, "int8", q) for n in names}
    graph = Graph(("a", "b"), ("y",), (Node(Maximum(), ("a", "b"), ("y",)),), tensors).validate()
    files = firmware_files(None, plan(graph, target("host")), open_board("native"), About("two"))
    program = firmware_image.build(files, "native", "bench", tmp_path, *firmware_image.SANITIZE)
    rng = np.random.default_rng(5)
    inputs = [rng.integers(-128, 128, shape).astype(np.int8) for _ in range(2)]
    expected = outputs(graph, inputs)[0]
    with Link(Process([str(program)])) as link:
        assert link.info()["input_bytes"] == "48"
        found = link.infer(b"".join(x.tobytes() for x in inputs), 2, 1)
    assert found.raw == expected.tobytes()
    assert found.results == pytest.approx(((expected.ravel().astype(float) - 3) * 0.1).tolist(), abs=6e-4)
