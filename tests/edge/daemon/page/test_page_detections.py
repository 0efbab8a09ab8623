"""What was heard: shown, judged, listened to and taken away."""

from __future__ import annotations

import io
import json
import time
import zipfile

import pytest
from page_double import heard

from edge.daemon.store.error import StoreError


@pytest.fixture
def page(open_page):
    return open_page()


def test_detections_come_newest_first_and_page_by_page(page):
    heard(page, n=5)
    first = page.ask("/api/detections?n=3").json
    rest = page.ask(f"/api/detections?before={first[-1]['id']}").json
    assert [d["time_s"] for d in first + rest] == [4, 3, 2, 1, 0]
    for wrong in ("n=0", "n=501", "n=x", "n=-1", "n=%C2%B2", "before=../x"):
        assert page.ask(f"/api/detections?{wrong}").status == 400


def test_without_a_store_the_last_detections_are_shown_and_nothing_is_labelled(open_page):
    page = open_page(store=False)
    heard(page, n=3)
    deadline = time.monotonic() + 5
    while len(found := page.ask("/api/detections").json) < 3:
        assert time.monotonic() < deadline
    assert [d["time_s"] for d in found] == [2, 1, 0]
    assert page.ask("/api/label", {"id": found[0]["id"], "verdict": "right"}).status == 400
    assert page.ask("/api/labels.jsonl").body == b""


def test_labels_are_kept_and_taken_away(page):
    heard(page, n=3)
    newest = page.ask("/api/detections").json[0]["id"]
    assert page.ask("/api/label", {"id": newest, "verdict": "computer"}).status == 200
    lines = page.ask("/api/labels.jsonl").body.decode().splitlines()
    assert [(json.loads(s)["id"], json.loads(s)["verdict"]) for s in lines] == [(newest, "computer")]
    assert page.ask("/api/label", {"id": newest, "verdict": ""}).status == 200
    assert page.ask("/api/labels.jsonl").body == b""
    for verdict in ("../x", "a/b", ".", "x" * 65, "a\nb", 3, None):
        assert page.ask("/api/label", {"id": newest, "verdict": verdict}).status == 400
    assert page.ask("/api/label", {"id": "f" * 20, "verdict": "right"}).json["error"]
    assert page.ask("/api/label", {"id": "../../x", "verdict": "right"}).status == 400


def test_sound_is_there_only_while_recording_is_on(open_page):
    silent, recording = open_page(), open_page(store__recordings=True)
    for page, status in ((silent, 404), (recording, 200)):
        heard(page)
        found = page.ask("/api/detections").json[0]
        page.ask("/api/label", {"id": found["id"], "verdict": "right"})
        assert found["audio"] == (status == 200)
        assert page.ask(f"/api/audio/{found['id']}").status == status
        assert page.ask("/api/labels.zip").status == status
    with zipfile.ZipFile(io.BytesIO(recording.ask("/api/labels.zip").body)) as archive:
        assert archive.namelist() == [f"alexa/{found['id']}.opus"]
    assert recording.ask("/api/audio/" + "0" * 20).status == 404
    assert list(recording.control.state_folder.iterdir()) == []  # nothing of the download is left


def test_a_download_never_fills_the_disk(open_page, monkeypatch):
    page = open_page(store__recordings=True)
    heard(page)
    page.ask("/api/label", {"id": page.ask("/api/detections").json[0]["id"], "verdict": "right"})
    monkeypatch.setattr("edge.daemon.page.reads.LEFT_BYTES", 1 << 60)
    assert page.ask("/api/labels.zip").status == 507
    assert page.ask("/api/labels.jsonl").status == 200


def test_a_store_that_fails_is_said_in_its_own_words(page):
    def broken(*_):
        raise StoreError("nuthatch.db: disk full; free some space")

    page.store.label = page.store.last = broken
    assert page.ask("/api/detections").json["error"] == "nuthatch.db: disk full; free some space"
    assert page.ask("/api/label", {"id": "0" * 20, "verdict": "right"}).status == 503


def test_a_part_of_the_sound_can_be_asked_for(open_page):
    page = open_page(store__recordings=True)
    page.store._audio = b"0123456789"
    heard(page)
    path = f"/api/audio/{page.ask('/api/detections').json[0]['id']}"
    for asked, place, body in (
        ("bytes=2-4", "bytes 2-4/10", b"234"),
        ("bytes=7-", "bytes 7-9/10", b"789"),
        ("bytes=-3", "bytes 7-9/10", b"789"),
        ("bytes=0-99", "bytes 0-9/10", b"0123456789"),
    ):
        answer = page.ask(path, Range=asked)
        assert (answer.status, answer.headers["Content-Range"], answer.body) == (206, place, body)
    for wrong in ("bytes=10-", "bytes=5-2", "bytes=x", "lines=1-2"):
        assert page.ask(path, Range=wrong).status == 416
    assert page.ask(path).body == b"0123456789"
