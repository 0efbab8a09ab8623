"""A camera without a camera: FFmpeg's own V4L2 reader on a device that a preloaded library answers for.

Every layout of pixels that cameras give; a camera that vanishes, goes silent, gives broken pictures, is not there.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from v4l2_device import LAYOUTS, RGB, Device, raw_picture

from edge.source import SourceError
from edge.source import camera as module
from edge.source.camera import Camera
from edge.source.pixels import rgb_of

ROOT = Path(__file__).parents[3]


def expected(fourcc):
    if fourcc != "GREY":
        return RGB.astype(int)
    return np.repeat(np.asarray(Image.fromarray(RGB).convert("L"), int)[..., None], 3, axis=2)


@pytest.mark.parametrize("fourcc", [f for f in LAYOUTS if f != "UYVY"])  # which PyAV takes from a device only
def test_layouts_from_raw_bytes(tmp_path, fourcc):
    name, shape = LAYOUTS[fourcc]
    data = np.fromfile(raw_picture(fourcc, tmp_path / "raw"), "u1").reshape(shape)
    frame = av.VideoFrame.from_ndarray(data, format=name)
    got = rgb_of(frame)
    assert got.shape == RGB.shape and got.dtype == np.uint8 and got.flags.c_contiguous
    assert np.abs(got - expected(fourcc)).mean() < 6


@pytest.fixture
def device(tmp_path, v4l2_library):
    return lambda fourcc: Device(tmp_path, v4l2_library, fourcc)


READ = """
import json, sys
import numpy as np
from edge.source.camera import Camera
from edge.source import camera, SourceError
path, count, silent_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
camera.SILENT_S = silent_s
source = Camera(path, 10, (640, 480))  # which it does not have
try:
    for frame in source:
        print(json.dumps({"number": frame.number, "time_s": frame.time_s}), flush=True)
        if frame.number == count - 1:
            np.save(path + ".npy", frame.rgb)
            break
except SourceError as e:
    print(json.dumps({"error": str(e), "skipped": source.skipped}))
source.close()
source.close()
print(json.dumps({"skipped": source.skipped}))
"""


def start(device, count, silent_s=5.0):
    return subprocess.Popen(
        [sys.executable, "-c", READ, str(device.path), str(count), str(silent_s)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | device.environment,
    )


def end(process):
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0 and err == "", err
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("fourcc", [*LAYOUTS, "MJPG"])
def test_layouts_from_a_device(device, fourcc):
    camera = device(fourcc)
    said = end(start(camera, 5))
    assert [s["number"] for s in said[:-1]] == list(range(5))
    times = [s["time_s"] for s in said[:-1]]
    assert times == sorted(times) and 0.05 < times[-1] < 10, "when they arrive, 30 a second at most"
    got = np.load(f"{camera.path}.npy")
    assert got.shape == RGB.shape and np.abs(got - expected(fourcc)).mean() < 6


def after_one(process, *changes):
    """Do things once the camera has given a picture."""
    json.loads(process.stdout.readline())
    for change in changes:
        change()


def test_a_camera_that_is_pulled_out(device):
    camera = device("YUYV")
    process = start(camera, 1_000)
    after_one(process, lambda: camera.become("gone"))
    said = end(process)
    assert said[-2]["error"].startswith(f"camera {camera.path}: gone (No such device)") and len(said) < 60


def test_a_camera_that_goes_silent_holds_nobody(device):
    camera = device("YUYV")
    process = start(camera, 1_000, silent_s=0.5)
    after_one(process, lambda: camera.become("silent"))
    started = time.monotonic()
    said = end(process)
    assert "no picture for" in said[-2]["error"] and time.monotonic() - started < 10


@pytest.mark.parametrize("fourcc", ["MJPG", "YUYV"])
def test_broken_pictures_are_counted_and_the_next_is_seen(device, fourcc):
    camera = device(fourcc)
    process = start(camera, 15)
    after_one(process, lambda: camera.become("broken"), lambda: time.sleep(0.4), lambda: camera.recover("broken"))
    said = end(process)
    assert said[-2]["number"] == 14 and said[-1]["skipped"] >= 1


def test_what_is_not_there_is_one_line(tmp_path):
    with pytest.raises(SourceError, match="No such file or directory") as e:
        Camera(str(tmp_path / "video9"))
    assert str(tmp_path / "video9") in str(e.value) and "give another's path" in str(e.value)


def test_what_is_no_camera_is_one_line():
    with pytest.raises(SourceError, match="camera /dev/null: Inappropriate ioctl"):
        Camera("/dev/null")


@pytest.fixture
def devices(tmp_path, monkeypatch):
    """Three devices: a camera's two and another's."""
    monkeypatch.setattr(module, "DEVICES", tmp_path / "dev")
    monkeypatch.setattr(module, "NAMES", tmp_path / "sys")
    (tmp_path / "dev").mkdir()
    for number, name in ((0, "Webcam C270"), (2, "Webcam C270"), (10, "Document camera")):
        (tmp_path / "dev" / f"video{number}").touch()
        (tmp_path / "sys" / f"video{number}").mkdir(parents=True)
        (tmp_path / "sys" / f"video{number}" / "name").write_text(f"{name}\n")
    return tmp_path / "dev"


@pytest.mark.parametrize(
    ("asked", "tried"),
    [(None, [0, 2, 10]), ("2", [2]), ("10", [10]), ("C270", [0, 2]), ("Document", [10])],
)
def test_which_devices_are_tried(devices, asked, tried):
    assert module._candidates(asked) == [devices / f"video{n}" for n in tried]


def test_an_unknown_name_lists_what_there_is(devices):
    with pytest.raises(SourceError, match="no camera 'zzz'; there are 0: Webcam C270, 2: .*, 10: Document camera"):
        Camera("zzz")


def test_no_device_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "DEVICES", tmp_path)
    with pytest.raises(SourceError, match="no camera: this machine has no /dev/video"):
        Camera()
