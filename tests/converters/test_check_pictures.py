"""`nuthatch check` of a bundle for pictures."""

import dataclasses
import json

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from converters.check import check_bundle
from converters.check_pictures import compare, random_pictures
from converters.cli.check import check
from converters.error import ConvertError
from converters.portrait import Portrait, write_bundle
from edge.manifest import Picture
from training.models import build

app = typer.Typer()
app.command()(check)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    torch.manual_seed(0)
    network = build({"kind": "sinet", "width": 0.34, "act": "relu"}, 2, 64, 64).eval()
    out = tmp_path_factory.mktemp("picture") / "small"
    return out, write_bundle(Portrait(network, random_pictures(8, 64, 64), 1 / 64), out)


def test_the_interpreters_give_the_graphs_mask(bundle):
    rungs = list(check_bundle(*bundle, None, 2))
    assert [r.name for r in rungs] == ["TFLM", "LiteRT XNNPACK", "LiteRT reference"]
    assert all(r.ok and r.same_label > 0.9 for r in rungs), json.dumps([vars(r) for r in rungs])
    assert rungs[0].tolerance == 0 < rungs[1].tolerance


def test_what_is_for_sound_is_refused(bundle, tmp_path):
    for option in ("--run", "--features"):
        result = CliRunner().invoke(app, [str(bundle[0]), option, str(tmp_path)])
        assert (
            result.exit_code == 1 and "small: a model for pictures; --run and --features are for sound" in result.output
        )


def test_a_manifest_of_another_size_is_one_line(bundle):
    folder, manifest = bundle
    with pytest.raises(ConvertError, match=r"takes \[1, 64, 64, 3\], the manifest says \[1, 96, 64, 3\]"):
        list(check_bundle(folder, dataclasses.replace(manifest, picture=Picture(96, 64)), None, 1))


def test_pixels_on_the_other_side_of_one_half_are_counted():
    wanted, found = np.int8([[[[10], [-10]]]]), np.int8([[[[10], [1]]]])
    rung = compare("f", "n", [wanted], [found], 10)
    assert (rung.same_label, rung.max_difference, rung.ok) == (0.5, 11, False)
