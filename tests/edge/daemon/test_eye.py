"""A task that looks beside one that hears: pictures, a camera that fails, muting; no picture is kept."""

from __future__ import annotations

import itertools
import threading
import time

import numpy as np
import pytest
from PIL import Image
from serving import events, run, service, text, until
from sounding import Script
from tiny_picture import red_bundle, scene

from edge.daemon import eye as module
from edge.daemon.health import Health
from edge.manifest import BundleError
from edge.source import SourceError
from edge.source.frame import Frame


@pytest.fixture
def people(folder):
    """Pictures: nobody, somebody, nobody."""
    red_bundle(folder / "red")
    (folder / "pictures").mkdir()
    for i, side in enumerate([0.0, 0.5, 0.0]):
        Image.fromarray(scene(side=side)).save(folder / "pictures" / f"{i}.png")
    return folder


class Camera:
    """Somebody stands there in every frame but the first; closed, broken or endless as told."""

    skipped = 0

    def __init__(self, frames=1_000_000, error=None):
        self.frames, self.error, self.closed = frames, error, threading.Event()

    def __iter__(self):
        for i in itertools.count():
            if i == self.frames or self.closed.is_set():
                break
            yield Frame(np.ascontiguousarray(scene(side=0.5 if i else 0.0)), i / 10, i)
            self.closed.wait(0.01)
        if self.error:
            raise self.error

    def close(self):
        self.closed.set()


def cameras(monkeypatch, *openings):
    """The next openings of the camera; after them there is none."""
    left = list(openings)

    def opened():
        if not left:
            raise SourceError("camera: none; plug it in")
        return left.pop(0)

    monkeypatch.setattr(module, "camera", lambda *a: opened)
    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.02)
    monkeypatch.setattr(module, "LONGEST_WAIT_S", 0.05)
    monkeypatch.setattr(module, "SAY_S", 0.0)


def test_a_folder_of_pictures_beside_a_keyword(people, samples):
    (people / "pictures" / "broken.png").write_bytes(b"")
    models = ["a", ("red", f'source = "{people / "pictures"}"')]
    made = service(people, Script([samples]), *models)
    records = run(made)
    assert [t for _, t in events(records, "a")] == [1.16, 3.14]
    seen = [(r.label, r.details["picture"]) for r in records if r.model == "red"]
    assert seen[:3] == [("nobody", "0.png"), ("person", "1.png"), ("nobody", "2.png")]
    loaded = made.models[1]
    assert loaded.manifest.name == "red" and loaded.cost["steps"] == 3 and loaded.cost["unreadable_pictures"] == 1
    assert made.cost["steps"] == made.models[0].cost["steps"] + 3
    assert made.cost["inference_s"] > loaded.cost["inference_s"] > 0


def test_pictures_alone_need_no_microphone(people):
    made = service(people, Script(), ("red", f'source = "{people / "pictures"}"'))
    records = run(made)
    assert [r.label for r in records][:3] == ["nobody", "person", "nobody"]
    assert made.health.parts["audio"].state == "off"


@pytest.mark.parametrize("source", ["camera", "/dev/video_that_is_pulled_out"])
def test_a_camera_that_vanishes_is_opened_again(people, monkeypatch, source):
    cameras(monkeypatch, Camera(5, SourceError("camera: gone")), Camera())

    async def watch(made):
        await until(lambda: made.models[0].cost["reopened"] == 1 and made.models[0].cost["steps"] > 8)
        assert made.models[0].state == "person" and made.models[0].score > 0.1
        await until(lambda: made.health.parts["task/red"].state == "running")

    made = service(people, Script(), ("red", f'source = "{source}"'))
    records = run(made, watch)
    labels = [r.label for r in records]
    assert labels.count("person") == 2 and labels.index("unknown") == 1, "gone, nobody knows who is there"
    assert records[1].time_s >= records[0].time_s > 0 and records[1].stream == records[0].stream
    assert len({r.stream for r in records}) >= 2 and {r.task for r in records} == {"portrait"}


def test_a_camera_that_is_not_there_is_waited_for_and_said(people, samples, monkeypatch):
    cameras(monkeypatch)

    async def wait(made):
        await until(lambda: made.models[1].cost["reopened"] > 3)
        status = made.health.parts["task/red"]
        assert not status.ok and status.state == "reopening" and "plug it in" in status.text

    made = service(people, Script([samples, 60]), "a", "red", endless=True)
    assert len(events(run(made, wait), "a")) >= 1


def test_muted_nothing_is_looked_at(people, monkeypatch):
    cameras(monkeypatch, Camera())

    async def mute(made):
        await until(lambda: made.models[0].state == "person")
        made.mute(True)
        await until(lambda: made.models[0].state == "unknown")
        count = made.models[0].cost["steps"]
        time.sleep(0.1)
        assert made.models[0].cost["steps"] == count
        made.mute(False)
        await until(lambda: made.models[0].state == "person")

    records = run(service(people, Script(), "red"), mute)
    assert [r.label for r in records][:2] == ["person", "unknown"]


def test_a_reload_keeps_the_eye_that_is_still_wanted(people, samples, monkeypatch):
    cameras(monkeypatch, Camera(), Camera())

    async def change(made):
        await until(lambda: made.models[1].state == "person")
        (eye,) = made.eyes
        (people / "nuthatch.toml").write_text(text(people, "b", "red"))
        made.reload()
        await until(lambda: made.models[0].manifest.name == "b")
        assert next(iter(made.eyes)) is eye and eye.alive
        (people / "nuthatch.toml").write_text(text(people, "b"))
        made.reload()
        await until(lambda: not made.eyes and not eye.alive)

    run(service(people, Script([samples, 60]), "a", "red", endless=True), change)


def test_a_file_that_is_none_fails(people):
    made = service(people, Script(), ("red", 'source = "none.mp4"'))
    with pytest.raises(SourceError, match="none.mp4"):
        run(made)


def test_two_models_of_one_name_are_refused(people):
    red_bundle(people / "more" / "red")
    with pytest.raises(BundleError, match="two models are named red"):
        service(people, Script(), "red", "more/red")


def test_an_eye_that_is_not_started_can_be_stopped(people):
    config = service(people, Script(), "red")
    (eye,) = config.eyes
    eye.stop()
    assert not eye.alive and isinstance(eye._health, Health)
