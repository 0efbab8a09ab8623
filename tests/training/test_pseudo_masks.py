"""Masks by a given segmenter: only where it is sure."""

import numpy as np
import pytest
from PIL import Image

from training.data.audio import DataError
from training.data.portraits import Portraits
from training.data.pseudo_masks import _main, mask_of, open_segmenter, write_masks


def red(rgb):
    """As sure as the picture is red."""
    return (rgb[::2, ::2, 0] > 200).astype(np.float32)


def half(left=250, right=0):
    rgb = np.zeros((40, 60, 3), np.uint8)
    rgb[:, :30, 0], rgb[:, 30:, 0] = left, right
    return rgb


def test_a_sure_mask_is_taken():
    mask = mask_of(half(), red)
    assert mask is not None and mask[:, :15].all() and not mask[:, 15:].any()


@pytest.mark.parametrize("segmenter", [
    lambda rgb: np.full((20, 30), 0.6, np.float32),  # in doubt everywhere
    lambda rgb: np.pad(np.ones((20, 9), np.float32), ((0, 0), (0, 21))),  # the same side, mirrored or not
    lambda rgb: np.zeros((20, 30), np.float32),  # nobody
    lambda rgb: np.ones((20, 30), np.float32),  # everything
])  # fmt: skip
def test_an_unsure_one_is_not(segmenter):
    assert mask_of(half(), segmenter) is None


def test_a_folder_to_learn_from_is_written(tmp_path):
    (tmp_path / "in").mkdir()
    Image.fromarray(half()).save(tmp_path / "in" / "a.png")
    Image.fromarray(half(0, 0)).save(tmp_path / "in" / "nobody.png")
    (tmp_path / "in" / "broken.jpg").write_bytes(b"\xff\xd8")
    counts = write_masks(sorted((tmp_path / "in").iterdir()), red, tmp_path / "out")
    assert counts == {"taken": 1, "unsure": 1, "unreadable": 1}
    ((name, picture),) = Portraits(tmp_path / "out").read()
    assert name == "in_a" and picture.mask[:, :28].all() and not picture.mask[:, 32:].any()


def test_what_is_no_segmenter_is_one_line(tmp_path, capsys):
    (tmp_path / "m.tflite").write_bytes(b"nothing")
    with pytest.raises(DataError, match="not a model that LiteRT reads"):
        open_segmenter(tmp_path / "m.tflite")
    with pytest.raises(SystemExit) as end:
        _main(["--segmenter", str(tmp_path / "m.tflite"), "--out", str(tmp_path / "o"), str(tmp_path)])
    assert end.value.code == 1 and "m.tflite" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("training.data.pseudo_masks.open_segmenter", lambda path: lambda rgb: rgb[..., 0] / 255)
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as end:
        _main(["--segmenter", "m.tflite", "--out", str(tmp_path / "file" / "o"), str(tmp_path)])
    said = capsys.readouterr().err
    assert end.value.code == 1 and "Not a directory" in said and said.count("\n") == 1
