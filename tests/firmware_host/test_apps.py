"""The other applications: scenes from the same stream, masks from frames."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import firmware_image
import numpy as np
import pytest
from tiny_graph import sigmoid

from converters.emit.about import About
from converters.firmware_header import firmware_files
from converters.plan import plan
from converters.target import target
from edge.board import open_board
from edge.link import Link, LinkError
from edge.source.file import File
from edge.transport import Process

SAMPLES = Path(__file__).parents[2] / "samples" / "kitchen.opus"
pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")


def run(app: str, files: dict[str, str], folder: Path) -> Link:
    program = firmware_image.build(files, "native", app, folder, *firmware_image.SANITIZE)
    return Link(Process([str(program)]))


def test_scenes_are_told_when_they_change(tmp_path):
    samples = np.concatenate(list(File(SAMPLES)))[:48_000]
    with run("scene", firmware_image.generated("wake_computer", open_board("native")), tmp_path) as link:
        scenes = list(link.play(samples))
        assert [heard.label for heard in scenes] == ["_other_", "computer", "_other_"]
        assert 30_000 < scenes[1].position < 36_000  # the word ends at 2.1 s
        assert link.info()["scene"] == "_other_"


def test_a_frame_in_its_mask_out(tmp_path):
    made = plan(sigmoid(5, 6, 2), target("host"))
    frame = np.random.default_rng(3).integers(-100, 100, (5, 6, 2)).astype(np.int8)
    with run("portrait", firmware_files(None, made, open_board("native"), About("mask")), tmp_path) as link:
        assert (link.info()["mask_rows"], link.info()["mask_columns"]) == ("5", "6")
        with pytest.raises(LinkError, match="mask: no frame yet"):
            link.ask("mask")
        raw = np.frombuffer(link.infer(frame.tobytes()).raw, np.int8).reshape(frame.shape)
        rows = [re.fullmatch(r"m-mask-\[(\d),([0-9a-f]{2})\]", x) for x in link.ask("mask")]
        bits = np.unpackbits(np.array([int(m[2], 16) for m in rows], np.uint8)[:, None], axis=1)[:, :6]
        np.testing.assert_array_equal(bits, raw[..., 0] >= 0)
        np.testing.assert_array_equal(bits, frame[..., 0] >= 0)


@pytest.mark.parametrize("part", [1, 59])
def test_a_frame_that_is_not_whole_gives_no_mask_of_two_frames(tmp_path, part):
    made = plan(sigmoid(5, 6, 2), target("host"))
    frame = np.random.default_rng(3).integers(-100, 100, 60).astype(np.int8).tobytes()
    with run("portrait", firmware_files(None, made, open_board("native"), About("mask")), tmp_path) as link:
        whole = link.infer(frame).raw
        with pytest.raises(LinkError, match=f"{part} of 60 bytes are loaded: load a whole input"):
            link.infer(bytes(part))
        link.ask("db load 60")
        link.ask(f"db {bytes(part).hex()}")
        with pytest.raises(LinkError, match=f"{part} of 60 bytes are loaded"):
            link.ask("infer 1 0")
        assert link.infer(frame).raw == whole


def test_a_model_without_an_image_has_no_mask(tmp_path):
    with (
        run("portrait", firmware_image.generated("wake_computer", open_board("native")), tmp_path) as link,
        pytest.raises(LinkError, match="output 0 of this model is no image"),
    ):
        link.ask("mask")
