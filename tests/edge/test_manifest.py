"""The bundle's contract: what is written comes back, what is wrong is one line."""

import dataclasses
import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.frontend.config import FrontendConfig
from edge.manifest import (
    Bundle,
    BundleError,
    Decision,
    File,
    Licence,
    Manifest,
    OperatingPoint,
    Quantization,
    Stream,
    open_bundle,
)
from edge.schema import schema

TEXT = st.text(min_size=1, max_size=12)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | TEXT,
    lambda x: st.lists(x) | st.dictionaries(TEXT, x),
)


@st.composite
def manifests(draw):
    labels = draw(st.lists(TEXT, min_size=1, max_size=5, unique=True))
    targets = draw(st.lists(st.sampled_from(labels), unique=True))
    fraction = st.floats(0, 1, exclude_min=True)
    point = st.builds(
        OperatingPoint,
        name=TEXT,
        thresholds=st.fixed_dictionaries(dict.fromkeys(targets, fraction)),
        false_accepts_per_hour=st.none() | FINITE,
        false_accepts_interval=st.none() | st.lists(FINITE, min_size=2, max_size=2),
        trials=st.none() | st.integers(0, 10**6),
    )
    return Manifest(
        name=draw(TEXT),
        labels=labels,
        targets=targets,
        frontend=draw(st.builds(FrontendConfig, bands=st.integers(8, 64), offset=st.integers(0, 9_000))),
        window_frames=draw(st.integers(1, 300)),
        input=Quantization(draw(FINITE), draw(st.integers(-128, 127))),
        output=Quantization(1 / 256, -128),
        files=draw(st.dictionaries(TEXT, st.builds(File, TEXT, st.integers(0)))),
        stream=draw(st.none() | st.builds(Stream, st.integers(1), st.integers(0), st.integers(0))),
        decision=draw(st.builds(Decision, st.integers(1), st.integers(0), fraction)),
        operating_points=draw(st.lists(point, max_size=3)),
        evidence=draw(st.lists(st.dictionaries(TEXT, PLAIN), max_size=2)),
        licences=draw(st.lists(st.builds(Licence, TEXT, TEXT, TEXT), max_size=2)),
        training=draw(st.dictionaries(TEXT, PLAIN, max_size=3)),
    )


@settings(max_examples=60, deadline=None)
@given(manifests())
def test_what_is_written_comes_back(manifest):
    read = Manifest.from_json(manifest.to_json())
    assert dataclasses.replace(read, frontend_hash="") == manifest
    assert read.frontend_hash == manifest.frontend.hash


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=string.printable) | PLAIN.map(json.dumps))
def test_other_text_is_one_line(text):
    with pytest.raises(BundleError) as e:
        Manifest.from_json(text)
    assert "\n" not in str(e.value)


@pytest.fixture
def data(bundle_path):
    return json.loads((bundle_path / "manifest.json").read_text("utf-8"))


def put(data, path, value):
    *parents, key = path
    for parent in parents:
        data = data[parent]
    data[key] = value


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (["format"], 2, "bundle format 2"),
        (["later"], 1, "unknown key 'later'"),
        (["frontend", "bands"], 41, "trained with"),
        (["frontend", "bands"], "40", "where int is expected"),
        (["window_frames"], True, "where int is expected"),
        (["window_frames"], 0, "window_frames"),
        (["labels"], ["loud", "loud"], "labels"),
        (["targets"], ["soft"], "target 'soft'"),
        (["stream", "step_frames"], 0, "step_frames"),
        (["decision", "release"], 0, "release"),
        (["picture"], {"height": 0, "width": 96}, "a picture of 0 x 96 pixels"),
        (["picture"], {"height": 96, "width": 96, "rate_hz": 0.0}, "picture.rate_hz 0.0"),
        (["picture"], {"height": 96, "width": 96, "rate_hz": float("nan")}, "picture.rate_hz nan"),
        (["picture"], {"height": 96, "width": 96, "presence": 0.0}, "presence 0.0"),
        (["scene"], {"hop_frames": 0}, "scene.hop_frames and scene.smooth_windows are 1 to 10,000"),
        (["scene"], {"hop_frames": 10, "smooth_windows": 10**9}, "scene.smooth_windows are 1 to 10,000"),
        (["scene"], {"hop_frames": 10, "leave": 0.7}, "scene.leave 0.7 and enter 0.6"),
        (["operating_points", 0, "thresholds", "loud"], 1.5, "threshold 1.5"),
        (["operating_points", 0, "thresholds", "loud"], float("nan"), "threshold nan"),
    ],
)
def test_a_wrong_value_is_named(data, path, value, says):
    put(data, path, value)
    with pytest.raises(BundleError, match=says):
        Manifest.from_json(json.dumps(data))


def test_a_scene_has_a_target(data):
    put(data, ["scene"], {"hop_frames": 10})
    put(data, ["targets"], [])
    with pytest.raises(BundleError, match="a scene without a target"):
        Manifest.from_json(json.dumps(data))


def test_a_missing_key_is_named(data):
    del data["labels"], data["input"]
    with pytest.raises(BundleError, match="labels, input missing"):
        Manifest.from_json(json.dumps(data))


def copy_of(bundle_path, folder):
    for path in bundle_path.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_a_bundle_opens_by_its_folder_and_by_a_file_in_it(bundle_path):
    for path in (bundle_path, bundle_path / "stream.tflite"):
        bundle = open_bundle(path)
        assert isinstance(bundle, Bundle) and bundle.file("stream.tflite").is_file()


def test_changed_files_are_refused(bundle_path, tmp_path):
    path = copy_of(bundle_path, tmp_path) / "stream.tflite"
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(BundleError, match="the manifest says"):
        open_bundle(tmp_path)
    path.write_bytes(content[:-1] + b"x")
    with pytest.raises(BundleError, match="hash"):
        open_bundle(tmp_path)
    path.unlink()
    with pytest.raises(BundleError, match="missing"):
        open_bundle(tmp_path)


def test_a_file_outside_the_bundle_is_refused(data, tmp_path):
    put(data, ["files", "../../etc/passwd"], {"sha256": "", "bytes": 0})
    (tmp_path / "manifest.json").write_text(json.dumps(data))
    with pytest.raises(BundleError, match="outside the bundle"):
        open_bundle(tmp_path)


def test_the_schema_names_every_key_that_is_written(data):
    def check(value, rule, definitions):
        if "$ref" in rule:
            rule = definitions[rule["$ref"].rpartition("/")[2]]
        if "properties" in rule:
            assert set(rule["required"]) <= set(value) <= set(rule["properties"])
            for key, part in value.items():
                check(part, rule["properties"][key], definitions)
        elif rule.get("type") == "array":
            for part in value:
                check(part, rule["items"], definitions)

    whole = schema()
    json.dumps(whole)
    check(data, whole, whole["$defs"])
