"""The Pi's own camera, through a stand-in for picamera2: what is asked of it, what becomes of its arrays and errors."""

import sys
import types

import numpy as np
import pytest

from edge.source import SourceError, picamera
from edge.source.picamera import PiCamera


class Picamera2:
    """The calls that are used, as picamera2's manual has them."""

    made: list = []
    cameras = [{"Model": "imx708"}]

    def __init__(self, number=0):
        if number >= len(self.cameras):
            raise IndexError("list index out of range")
        self.log, self.frames, self.error = [], 4, None
        self.made.append(self)

    @classmethod
    def global_camera_info(cls):
        return cls.cameras

    def create_video_configuration(self, **options):
        return options

    def configure(self, options):
        self.log.append(options)

    def start(self):
        self.log.append("start")

    def capture_array(self, name, wait):
        assert name == "main" and wait is False
        return "job"

    def wait(self, job, timeout):
        assert job == "job" and timeout > 0
        if self.frames == 0:
            raise TimeoutError("camera frontend has timed out")
        self.frames -= 1
        # rows of a wider memory, as libcamera gives them
        return np.full((48, 80, 3), (200, 30, 30), np.uint8)[:, :64]

    def close(self):
        self.log.append("close")


@pytest.fixture(autouse=True)
def stand_in(monkeypatch):
    module = types.ModuleType("picamera2")
    module.Picamera2 = Picamera2
    module.__spec__ = types.SimpleNamespace(name="picamera2")
    monkeypatch.setitem(sys.modules, "picamera2", module)
    Picamera2.made.clear()


def test_pictures_until_it_is_gone():
    camera = PiCamera(rate_hz=10, size=(64, 48))
    frames = []
    with pytest.raises(SourceError, match="camera of the Pi: gone .camera frontend has timed out"):
        for frame in camera:
            frames += [frame]
    camera.close()
    camera.close()
    assert [f.number for f in frames] == [0, 1, 2, 3]
    assert frames[0].rgb.shape == (48, 64, 3) and frames[0].rgb.flags.c_contiguous
    assert frames[0].rgb[0, 0].tolist() == [200, 30, 30]
    asked = Picamera2.made[0].log[0]
    assert asked["main"] == {"size": (64, 48), "format": "BGR888"} and asked["controls"] == {"FrameRate": 10}
    assert Picamera2.made[0].log.count("close") == 1


def test_closing_ends_it():
    camera = PiCamera()
    for _frame in camera:
        camera.close()
    assert Picamera2.made[0].frames == 3


def test_a_number_that_is_not_there():
    with pytest.raises(SourceError, match="camera 3 of the Pi: list index out of range"):
        PiCamera("3")


def test_whether_there_is_one(monkeypatch):
    assert picamera.is_there()
    monkeypatch.setattr(Picamera2, "cameras", [])
    assert not picamera.is_there()
    monkeypatch.setitem(sys.modules, "picamera2", None)
    assert not picamera.is_there()
