"""Portraits shipped: a run or the authors' weights to a bundle that LiteRT runs."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import converters.bundle
from converters.cli.convert import convert as convert_verb
from converters.cli.model import app
from converters.error import ConvertError
from converters.interpreters import LiteRt
from converters.portrait import Portrait, convert, is_run, make_bundle
from edge.manifest import open_bundle
from training.data.drawn_portraits import drawn, write_drawn
from training.evaluate.segmentation import segmentation
from training.keyword import Folders
from training.models import build
from training.models.sinet import INPUT_SCALE
from training.portrait import predict, train
from training.recipe import load
from training.sinet_weights import MEAN_BGR, STD_BGR, for_pixels, published

WEIGHTS = Path(os.environ.get("NUTHATCH_DATA", "nowhere")) / "models" / "sinet_portrait.pth"
SMALL = [
    "model.width=0.34", "height=64", "width=64", "repeats=8", "encoder.epochs=1", "fit.epochs=3", "encoder.batch=8",
    "fit.batch=8", "workers=1", "fit.rate=0.01",
]  # fmt: skip
given = pytest.mark.skipif(not WEIGHTS.is_file(), reason="NUTHATCH_DATA holds no sinet_portrait.pth")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    top = tmp_path_factory.mktemp("portrait")
    write_drawn(str(top / "people"), 12, 64)
    recipe = load("portrait", SMALL)
    train(recipe, Folders(top / "people", top), top / "run", top)
    return top / "run"


def test_a_run_becomes_a_bundle(run, tmp_path):
    assert is_run(run) and not is_run(tmp_path)
    made = make_bundle(run, tmp_path / "portrait")
    bundle = open_bundle(tmp_path / "portrait")
    assert bundle.manifest.to_json() == made.to_json()
    assert (made.task, made.picture.height, made.picture.width, made.stream) == ("portrait", 64, 64, None)
    assert (made.input.scale, made.input.zero_point) == (INPUT_SCALE, 0)
    assert made.training["int8_agreement"] > 0.95 and made.licences
    (mask,) = LiteRt(bundle.file("model.tflite").read_bytes()).run([np.zeros((1, 64, 64, 3), np.int8)])
    assert mask.shape == (1, 64, 64, 1) and mask.dtype == np.int8


def test_the_verb_converts_it_too(run, tmp_path, capsys):
    convert_verb(run, tmp_path / "b", name=None, step_frames=None, qat_epochs=0, threads=1, json=False)
    assert "calibration pixels (ptq)" in capsys.readouterr().out


def test_a_picture_has_no_stream(run, tmp_path):
    with pytest.raises(ConvertError, match="a run of pictures, which has no stream; go without --step-frames"):
        converters.bundle.make_bundle(run, tmp_path / "b", step_frames=4)
    assert not (tmp_path / "b").exists()


def test_fine_tuning_comes_closer_to_the_float_network(run):
    network = build({"kind": "sinet", "width": 0.34}, 2, 32, 32)
    pictures = np.stack([drawn(np.random.default_rng(i), 32).rgb for i in range(16)]).astype(np.int16) - 128
    said = []
    made = convert(Portrait(network.eval(), pictures.astype(np.int8), INPUT_SCALE), 3, said.append)
    first, last = (float(v) for v in said[0].split("divergence ")[1].split(" -> "))
    assert last <= first and made.facts["quantization"] == "qat"


def test_a_folder_without_a_finished_run_is_one_line(run, tmp_path):
    (tmp_path / "recipe.json").write_text('{"task": "portrait"}')
    with pytest.raises(ConvertError, match="finish the run"):
        make_bundle(tmp_path, tmp_path / "out")
    (tmp_path / "model.pt").write_bytes(b"nothing")
    (tmp_path / "calibration.npy").write_bytes((run / "calibration.npy").read_bytes())
    with pytest.raises(ConvertError, match="train again"):
        make_bundle(tmp_path, tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"text", None])
def test_what_are_not_the_authors_weights_is_one_line(tmp_path, content):
    file = tmp_path / "SINet.pth"
    if content is None:
        torch.save({"weight": torch.zeros(3)}, file)
    else:
        file.write_bytes(content)
    result = CliRunner().invoke(app, ["import-sinet", str(file), "--out", str(tmp_path / "out")])
    assert result.exit_code == 1 and "SINet.pth" in result.output and "Traceback" not in result.output
    assert not (tmp_path / "out").exists() and "weights_only" not in result.output


@given
def test_the_authors_network_takes_pixels_as_they_are():
    rgb = np.stack([drawn(np.random.default_rng(i), 224, 1).rgb for i in range(4)])
    net = published(WEIGHTS)
    bgr = torch.from_numpy(rgb[..., ::-1].copy()).float()
    x = ((bgr - torch.tensor(MEAN_BGR)) / torch.tensor(STD_BGR) / 255).permute(0, 3, 1, 2)
    with torch.no_grad():
        wanted = net(x).softmax(1)[:, 1].numpy()
    found = predict(for_pixels(net, INPUT_SCALE), rgb)
    assert np.abs(found - wanted).mean() < 5e-3  # the excitations carry the border's difference everywhere
    assert ((found > 0.5) == (wanted > 0.5)).mean() > 0.995


@given
def test_the_authors_weights_become_a_bundle(tmp_path):
    result = CliRunner().invoke(app, ["import-sinet", str(WEIGHTS), "--out", str(tmp_path / "sinet"), "--json"])
    assert result.exit_code == 0, result.output
    bundle = open_bundle(tmp_path / "sinet")
    assert bundle.manifest.licences[0].licence == "MIT" and bundle.manifest.training["int8_agreement"] > 0.97
    judge = LiteRt(bundle.file("model.tflite").read_bytes())
    made = [drawn(np.random.default_rng(i), 224, 1) for i in range(100, 112)]
    floats = predict(for_pixels(published(WEIGHTS), INPUT_SCALE), np.stack([p.rgb for p in made])) > 0.5
    found = [judge.run([(p.rgb.astype(np.int16) - 128).astype(np.int8)[None]])[0][0, ..., 0] > 0 for p in made]
    truth = [p.mask for p in made]
    # Drawn people are not what these weights know: they lose more here than the point that real pictures allow.
    assert segmentation(list(floats), truth)["iou"] - segmentation(found, truth)["iou"] < 0.04


def test_the_verb_is_listed_without_torch():
    code = "import sys, converters.cli.model; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
