"""The models that come with the package: intact, small enough, and right about the bundled recording."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from converters.check import check_bundle
from edge.manifest import bundled_names, open_bundle

ROOT = Path(__file__).parents[1]
NUTHATCH = Path(sys.executable).parent / "nuthatch"
LISTENING = {"commands12": 128_000, "wake_alexa": 80_000, "wake_computer": 80_000, "wake_computer_small": 36_000}
LIMIT_BYTES = {**LISTENING, "sounds10": 61_000, "portrait": 200_000}
# samples/README.md: from when on the word is heard, and which model knows it.
SAID = [
    (1.2, "computer", "wake_computer"), (2.9, "right", "commands12"), (10.9, "alexa", "wake_alexa"),
    (12.8, "stop", "commands12"), (14.6, "no", "commands12"), (16.6, "computer", "wake_computer"),
    (18.3, "yes", "commands12"),
]  # fmt: skip


def test_these_models_are_bundled():
    assert bundled_names() == sorted(LIMIT_BYTES)


@pytest.mark.parametrize("name", LIMIT_BYTES)
def test_a_bundle_is_small_and_carries_its_evidence(name):
    manifest = open_bundle(name).manifest
    assert sum(f.bytes for f in manifest.files.values()) <= LIMIT_BYTES[name]
    if name in LISTENING:
        assert set(manifest.files) == {"model.tflite", "stream.tflite"}
        assert set(manifest.operating_points[0].thresholds) == set(manifest.targets)
    assert manifest.evidence, "a model says how well it does"
    assert all(licence.licence for licence in manifest.licences)


def test_the_scene_model_says_how_it_decides_and_what_it_learnt_from():
    manifest = open_bundle("sounds10").manifest
    assert manifest.task == "scene" and manifest.stream is None and len(manifest.targets) == 10
    assert manifest.scene.enter == next(e["enter"] for e in manifest.evidence if e["measure"] == "named")
    accuracy = next(e for e in manifest.evidence if e["measure"] == "accuracy")
    assert accuracy["clips"] == 320
    assert abs(accuracy["value"] - accuracy["float_accuracy"]) <= 0.01
    assert len(manifest.training["sources"].split()) == accuracy["sources"]


def test_the_portrait_model_says_how_well_it_does_on_pictures_it_never_saw():
    manifest = open_bundle("portrait").manifest
    assert (manifest.task, manifest.targets, manifest.stream) == ("portrait", ["person"], None)
    iou = next(e for e in manifest.evidence if e["measure"] == "iou")
    low, high = iou["interval"]
    assert iou["conditions"] == "test pictures" and iou["pictures"] >= 50 and low < iou["value"] < high
    assert iou["value"] > 0.6 and iou["boundary_iou"] > 0.55
    assert len(manifest.training["sources"].split()) == manifest.training["pictures"]


def test_the_first_command_prints_the_right_keywords():
    models = [part for name in sorted({m for *_, m in SAID}) for part in ("--model", name)]
    argv = [str(NUTHATCH), "listen", *models, "--source", str(ROOT / "samples" / "kitchen.opus"), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(e["label"], e["model"]) for e in events] == [(label, model) for _, label, model in SAID]
    for event, (start_s, _, _) in zip(events, SAID, strict=True):
        assert start_s < event["time_s"] < start_s + 1.8


@pytest.mark.parametrize("name", LIMIT_BYTES)
def test_every_backend_computes_the_same(name):
    bundle = open_bundle(name)
    rungs = list(check_bundle(bundle.folder, bundle.manifest, None, 8))
    assert len(rungs) >= (6 if name in LISTENING else 3)
    assert [rung.name for rung in rungs if not rung.ok] == []
