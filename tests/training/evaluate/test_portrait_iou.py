"""`nuthatch evaluate` and `bench` of a model for pictures: figures, the split, and folders as people leave them."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from edge.manifest import open_bundle
from training.bench import portrait as bench
from training.bench.portrait_page import page
from training.data.audio import DataError
from training.data.heard import digest_of_file
from training.data.split import part_of
from training.evaluate.portrait import is_portrait_like, mask_of, material, measure, remarks

RED, GREY = (220, 20, 20), (120, 120, 120)


def scene(x=0.5, width=96, height=72, side=0.6):
    """uint8 [H, W, 3]: a red square on grey."""
    rgb = np.full((height, width, 3), GREY, np.uint8)
    half, column = round(side * height / 2), round(x * width)
    rgb[height // 2 - half : height // 2 + half, max(0, column - half) : column + half] = RED
    return rgb


def write(folder, name, x=0.5, suffix="png", **options):
    """A red square as the person."""
    rgb = scene(x)
    for kind in ("img", "mask"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(folder / "img" / f"{name}.{suffix}", **options)
    mask = Image.fromarray(((rgb == RED).all(2) * 255).astype(np.uint8))
    mask.save(folder / "mask" / f"{name}.png")
    return mask


@pytest.fixture
def bundle(tmp_path, tiny_picture):
    return open_bundle(tiny_picture.red_bundle(tmp_path / "red", 64, 64))


@pytest.fixture
def pictures(tmp_path):
    for i in range(8):
        write(tmp_path / "data", f"p{i}", 0.3 + 0.05 * i)
    return tmp_path / "data"


def test_the_verb_prints_the_figures(bundle, pictures, nuthatch):
    code, out, err = nuthatch("evaluate", bundle.folder, "--data", pictures, "--json")
    assert code == 0, err
    found = json.loads(out)
    low, high = found["interval"]
    assert found["iou"] > 0.95 and found["boundary_iou"] > 0.85 and low <= found["iou"] <= high
    assert found["pictures"] == 8 and found["files"] == {} and found["learnt_from"] is None
    said = nuthatch("evaluate", bundle.folder, "--data", pictures)[1]
    assert "IoU 0.9" in said and "8 pictures" in said


def test_the_test_part_is_what_was_not_learnt_from(bundle, pictures):
    learnt = [f for f in sorted((pictures / "img").iterdir()) if part_of(f.stem) == "train"]
    manifest = bundle.manifest
    manifest.training.update(parts=["train"], salt="", sources=" ".join(digest_of_file(f) for f in learnt))
    assert measure(bundle, pictures, "all")["learnt_from"] == len(learnt) > 0
    found = measure(bundle, pictures, "test")
    assert found["learnt_from"] == 0 and found["pictures"] == 8 - len(learnt) > 0
    with pytest.raises(DataError, match="no validation part"):
        measure(bundle, pictures, "validation")


def test_every_way_a_file_can_be_is_named_counted_and_survived(bundle, pictures):
    img = pictures / "img"
    Image.new("RGB", (1, 1)).save(img / "dot.png")
    Image.new("L", (1, 1)).save(pictures / "mask" / "dot.png")
    write(pictures, "cut", suffix="jpg")
    (img / "cut.jpg").write_bytes((img / "cut.jpg").read_bytes()[:300])
    write(pictures, "small mask").resize((48, 36)).save(pictures / "mask" / "small mask.png")
    write(pictures, "wide mask").resize((96, 20)).save(pictures / "mask" / "wide mask.png")
    Image.fromarray(scene()).convert("L").save(img / "alone.png")
    write(pictures, "grey")
    Image.fromarray(scene()).convert("L").save(img / "grey.png")
    write(pictures, "alpha")
    Image.fromarray(scene()).convert("RGBA").save(img / "alpha.png")
    write(pictures, "large")
    (img / "large.png").unlink()
    Image.new("RGB", (8000, 8000), RED).save(img / "large.jpg", quality=30)
    Image.new("L", (100, 100), 255).save(pictures / "mask" / "large.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = write(pictures, "turned", x=0.3)
    (img / "turned.png").unlink()
    Image.fromarray(scene(0.3)).save(img / "turned.jpg", exif=exif, quality=95)
    turned.transpose(Image.Transpose.ROTATE_270).save(pictures / "mask" / "turned.png")

    found = measure(bundle, pictures, "all")
    assert found["pictures"] == 8 + 5
    assert {k: v["pictures"] for k, v in found["files"].items()} == {
        "no mask": 1, "unreadable": 3, "mask of another size": 2,
    }  # fmt: skip
    assert found["iou"] > 0.9 * 12 / 13  # the grey one shows nothing red
    assert any("3 pictures: unreadable; the first: " in line for line in remarks(found))
    seen = material(pictures, "all", {})
    assert seen.masks[seen.names.index("large")].all()


def test_a_folder_without_a_usable_picture_is_one_line(bundle, tmp_path):
    write(tmp_path / "bad", "a")
    (tmp_path / "bad" / "img" / "a.png").write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match="none of the 1 pictures can be used: .*a.png"):
        measure(bundle, tmp_path / "bad", "all")


def test_portrait_like_is_large_and_cut_below():
    mask = np.zeros((20, 20), bool)
    mask[8:, 4:16] = True
    assert is_portrait_like(mask)
    assert not is_portrait_like(np.roll(mask, -1, 0)), "stands above the border"
    assert not is_portrait_like(mask & (np.arange(20) > 13)), "too small"


def test_a_probability_is_compared_at_one_size():
    assert mask_of(np.float32([[0.0, 1.0], [0.0, 1.0]])).mean() == pytest.approx(0.5, abs=0.01)


def test_the_page_tells_our_figures_from_the_rivals(bundle, pictures):
    result = bench.compare(bundle, pictures, None, None, "all", print)
    assert list(result["networks"]) == [bench.OURS] and result["microseconds"][bench.OURS] > 0
    seen = material(pictures, "all", {})
    none = [np.zeros_like(m) for m in seen.masks]
    apart = bench.difference(seen.masks, none, seen)
    assert apart["iou"] == 1.0 and apart["interval"] == [1.0, 1.0]
    rival = result["networks"][bench.OURS] | {"iou": 0.5}
    result["networks"][bench.SINET] = rival
    result["differences"][bench.SINET] = apart
    text = page(result)
    assert f"| {bench.SINET} | all | 8 | 0.500 [" in text and "IoU above the authors' weights, all | 0.500" in text
    assert text.startswith("# red\n")  # whether it saw these pictures, the manifest does not say
    assert page(result | {"learnt_from": 0}).startswith("# red: people in pictures it never saw\n")


def test_who_finds_nobody_has_missed_the_bar(bundle, pictures):
    result = bench.compare(bundle, pictures, None, None, "all", print)
    rival = result["networks"][bench.OURS]
    result["networks"] = {bench.OURS: rival | {"iou": 0.0}, bench.SINET: rival}
    assert "IoU above the authors' weights, all | 0.9" in page(result) and "| 0.000 | **missed** |" in page(result)


def test_what_was_found_goes_into_the_manifest(bundle, pictures, nuthatch):
    code, out, err = nuthatch("bench", bundle.folder, "--pictures", pictures, "--split", "all", "--write", "--json")
    assert code == 0, err
    found, manifest = json.loads(out), open_bundle(bundle.folder).manifest
    (entry,), (cost,) = manifest.evidence, manifest.costs
    assert entry["value"] == found["networks"][bench.OURS]["iou"] and entry["conditions"] == "all pictures"
    assert cost["microseconds"] == found["microseconds"][bench.OURS]


def test_a_folder_without_rivals_is_one_line(bundle, pictures, tmp_path):
    with pytest.raises(DataError, match="none of sinet_portrait.pth"):
        bench.compare(bundle, pictures, tmp_path, None, "all", print)


def test_a_run_of_another_network_is_no_float_of_this_one(bundle, pictures, nuthatch, tmp_path):
    from training.keyword import Folders
    from training.portrait import train
    from training.recipe import load

    small = ["model.width=0.34", "height=32", "width=32", "repeats=1", "classes.epochs=0", "encoder.epochs=0"]
    run = train(
        load("portrait", [*small, "fit.epochs=0"]), Folders(pictures, tmp_path), tmp_path / "run", tmp_path
    ).parent
    assert bench.FLOAT in bench.compare(bundle, pictures, None, run, "all", print)["networks"]
    training = bundle.manifest.training | {"seed": 7}
    dataclasses.replace(bundle.manifest, training=training).write(bundle.folder)
    code, _, err = nuthatch("bench", bundle.folder, "--pictures", pictures, "--run", run, "--split", "all")
    assert code == 1 and "the run of another network (seed differs); give the one that was converted" in err


def test_pictures_are_not_measured_on_a_board(bundle, pictures, nuthatch):
    code, _, err = nuthatch("bench", bundle.folder, "--pictures", pictures, "--board", "mps2-an500")
    assert code == 2 and "--pictures goes without --board" in err


def test_a_model_for_sound_has_no_pictures(pictures, nuthatch):
    code, out, err = nuthatch("bench", "commands12", "--pictures", pictures)
    assert code == 1 and "a model for sound" in err and not out


def test_a_model_for_pictures_does_not_listen(bundle, nuthatch):
    code, out, err = nuthatch("bench", bundle.folder)
    assert code == 1 and "a model for pictures; give --pictures DIR or --board BOARD" in err and not out


def test_grey_is_no_person(bundle):
    from training.evaluate.portrait import bundle_segmenter

    found = bundle_segmenter(bundle)(np.full((30, 50, 3), GREY, np.uint8))
    assert found.shape == (64, 64) and found.dtype == np.float32 and found.max() < 0.5
