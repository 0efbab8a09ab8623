"""A run's folder becomes a bundle that opens; the two verbs fail in one line."""

from __future__ import annotations

import json
import shutil

import networks
import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from converters.bundle import make_bundle
from converters.check import Subject, check_bundle, check_file, check_model
from converters.cli.check import check
from converters.cli.convert import convert
from converters.error import ConvertError
from converters.passes.stream import state_bytes
from converters.read_tflite import parse
from edge.frontend.config import FrontendConfig
from edge.manifest import Quantization, open_bundle
from training.models import build

MODEL = {"kind": "ds_cnn", "stem": 8, "stem_kernel": [5, 5], "blocks": [[12, 3, 1, 2], [12, 3, 2, 1]], "head": 16,
         "time": "valid", "residual": True}  # fmt: skip
LABELS = ["_silence_", "_unknown_", "yes", "no"]
FRAMES = 49

app = typer.Typer(pretty_exceptions_enable=False)
app.command("convert")(convert)
app.command("check")(check)


def call(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    folder.mkdir()
    net = networks.settle(build(MODEL, len(LABELS), 40, FRAMES))
    state = {
        "recipe": {"model": MODEL, "frontend": vars(FrontendConfig()), "window_frames": FRAMES, "step_frames": 4,
                   "task": "commands", "decision": {"smoothing_ms": 120, "refractory_ms": 700}},
        "labels": LABELS,
        "targets": ["yes", "no"],
        "input_scale": networks.INPUT_SCALE,
        "state_dict": net.state_dict(),
        "licences": [{"data": "made up", "licence": "CC0-1.0"}],
        "facts": {"seed": 1, "parameters": 1},
        "evidence": [{"measure": "accuracy", "value": 0.5}],
    }  # fmt: skip
    torch.save(state, folder / "model.pt")
    np.save(folder / "calibration.npy", networks.features(40, FRAMES))
    return folder


@pytest.fixture(scope="module")
def bundle_dir(run_dir, tmp_path_factory):
    out = tmp_path_factory.mktemp("bundles") / "tiny"
    make_bundle(run_dir, out)
    return out


def test_the_bundle_opens_and_says_what_is_in_it(bundle_dir):
    bundle = open_bundle(bundle_dir)
    manifest = bundle.manifest
    assert manifest.name == "tiny" and manifest.task == "keyword"
    assert (manifest.labels, manifest.targets) == (LABELS, ["yes", "no"])
    assert (manifest.input, manifest.output) == (Quantization(1 / 32, 0), Quantization(1 / 256, -128))
    assert manifest.decision.window_steps == 3
    assert set(manifest.files) == {"model.tflite", "stream.tflite"}
    step = parse(bundle.file("stream.tflite").read_bytes())
    assert manifest.stream is not None
    assert manifest.stream.step_frames == step[step.inputs[0]].shape[1] == 4
    assert manifest.stream.warmup_frames == 52
    assert manifest.stream.state_bytes == state_bytes(step)
    facts = manifest.training
    assert facts["macs"] > facts["macs_per_step"] > 0 and facts["parameters"] > 1_000
    assert 0.9 <= facts["int8_agreement"] <= 1.0
    assert manifest.licences[0].licence == "CC0-1.0" and manifest.evidence[0]["value"] == 0.5


def test_every_rung_holds(bundle_dir, run_dir):
    from converters.bundle import load_run

    run = load_run(run_dir)
    rungs = list(check_bundle(bundle_dir, open_bundle(bundle_dir).manifest, run.calibration, 6, run.network))
    names = [(r.file, r.name) for r in rungs]
    assert names[:3] == [("model.tflite", n) for n in ("torch float", "fake quantization", "TFLM")]
    assert ("stream.tflite", "step graph = offline graph") in names
    assert all(r.ok and not r.skipped for r in rungs)
    assert all(r.max_difference == 0 for r in rungs if r.tolerance == 0)
    assert rungs[0].max_difference < 40


def test_the_first_layer_that_differs_is_named(bundle_dir):
    good = Subject.read(bundle_dir / "model.tflite")
    name = "blocks.1.pointwise"
    node = good.graph.producer(name)
    weights = good.graph[node.inputs[1]]
    other = weights.values.copy()
    other[:4] = -other[:4]
    changed = good.graph.with_(tensors=[type(weights).constant(weights.name, other, weights.quantization)])
    # The file is as it was, the graph is not: as if an interpreter computed one layer differently.
    rungs = list(check_model(Subject("model.tflite", good.content, changed), networks.features(4, FRAMES)))
    tflm = next(r for r in rungs if r.name == "TFLM")
    assert not tflm.ok
    assert tflm.first_difference.startswith(f"{name} (CONV_2D): ")


def test_a_lone_file_is_checked(bundle_dir, tmp_path):
    for name in ("model.tflite", "stream.tflite"):
        shutil.copy(bundle_dir / name, tmp_path)
        assert all(r.ok for r in check_file(tmp_path / name, 3))


def test_the_verbs(run_dir, tmp_path):
    out = tmp_path / "b"
    made = call("convert", run_dir, "--out", out, "--name", "yes-no", "--step-frames", 2, "--qat-epochs", 1)
    assert made.exit_code == 0, made.output
    assert "agree on" in made.stdout and "fine-tuned 1 epochs" in made.stderr
    manifest = open_bundle(out).manifest
    assert manifest.name == "yes-no" and manifest.stream.step_frames == 2 and manifest.training["quantization"] == "qat"
    checked = call("check", out, "--count", 3, "--json", "--run", run_dir)
    assert checked.exit_code == 0, checked.output
    rows = [json.loads(line) for line in checked.stdout.splitlines()]
    assert len(rows) >= 8 and all(r["ok"] for r in rows)
    assert call("check", out / "model.tflite", "--count", 2).exit_code == 0
    assert call("check", out / "stream.tflite").exit_code == 0


def test_without_a_stream(run_dir, tmp_path):
    made = call("convert", run_dir, "--out", tmp_path, "--step-frames", 0, "--json")
    assert made.exit_code == 0
    assert json.loads(made.stdout)["stream"] is None
    assert not (tmp_path / "stream.tflite").exists()


def test_the_same_run_gives_the_same_bytes(run_dir, bundle_dir, tmp_path):
    make_bundle(run_dir, tmp_path / "again", name="tiny")
    for name in ("model.tflite", "stream.tflite", "manifest.json"):
        assert (tmp_path / "again" / name).read_bytes() == (bundle_dir / name).read_bytes()


def assert_one_line(result, says):
    assert result.exit_code == 1
    assert result.stderr.startswith("nuthatch: ") and result.stderr.count("\n") == 1
    assert says in result.stderr
    assert isinstance(result.exception, SystemExit)


def test_failures_are_one_line(run_dir, bundle_dir, tmp_path):
    assert_one_line(call("convert", tmp_path, "--out", tmp_path / "x"), "model.pt: no such file")
    assert_one_line(
        call("convert", run_dir, "--out", tmp_path / "x", "--step-frames", 3), "multiple of 2; or make no stream"
    )
    assert_one_line(call("check", "nothing"), "no such model")
    broken = tmp_path / "run"
    shutil.copytree(run_dir, broken)
    (broken / "model.pt").write_bytes(b"not a checkpoint")
    assert_one_line(call("convert", broken, "--out", tmp_path / "x"), "train again")
    cut = tmp_path / "cut.tflite"
    cut.write_bytes((bundle_dir / "model.tflite").read_bytes()[:1000])
    assert_one_line(call("check", cut), "cut.tflite: ")
    np.save(tmp_path / "f.npy", np.zeros((3, 5, 40), np.int8))
    assert_one_line(call("check", bundle_dir, "--features", tmp_path / "f.npy"), "the model takes int8 [N, 49, 40]")
    assert_one_line(call("check", bundle_dir, "--features", cut), "not a .npy file")


def test_no_bundle_is_left_half_when_the_step_does_not_fit(run_dir, tmp_path):
    with pytest.raises(ConvertError):
        make_bundle(run_dir, tmp_path / "x", step_frames=3)
    assert not (tmp_path / "x").exists()
