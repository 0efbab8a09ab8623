"""What is kept: events, verdicts, settings, sound; through crashes, a full disk and damage."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.daemon.health import Health
from edge.daemon.record import Record, iso_utc, record_id
from edge.daemon.store import Store, StoreError
from edge.daemon.store import database as database_file
from edge.daemon.store import recordings as recordings_file
from edge.daemon.store.backup import backup, restore
from edge.daemon.store.database import FILE, MIGRATIONS
from edge.daemon.store.store import Default


def event(label="alexa", utc_s=None, stream="a1", **details):
    utc = iso_utc(time.time() if utc_s is None else utc_s)
    return Record(record_id(), "keyword", "wake_alexa", "0123456789ab", label, 0.97, 3.42, utc, stream, details)


def events(n):
    """In the order of their ids, also within one millisecond."""
    return [replace(event(k=k), id=f"{1_000 + k:020x}") for k in range(n)]


def tone(seconds=4.0):
    t = np.arange(int(16_000 * seconds)) / 16_000
    return (8_000 * np.sin(2 * np.pi * 440 * t)).astype("<i2").tobytes()


@pytest.fixture
def store(tmp_path):
    with_sound = Store(tmp_path / "state", Default(recordings=True))
    yield with_sound
    with_sound.close()


def test_events_come_back_newest_first_and_page_by_page(store):
    made = events(25)
    for e in made:
        store.add(e)
    assert store.flush()
    first = store.last(10)
    assert [s.record for s in first] == made[:-11:-1]
    assert [s.record for s in store.last(10, first[-1].record.id)] == made[14:4:-1]
    assert first[0].record.details == {"k": 24} and first[0].verdict == "" and not first[0].has_audio


def test_everything_is_there_after_a_restart(tmp_path):
    store = Store(tmp_path)
    e = event()
    store.add(e)
    store.label(e.id, "wrong")
    store.settings.set("threshold/wake_alexa/alexa", 0.7)
    store.settings.set("threshold/wake_alexa/alexa", 0.8)
    store.close()
    again = Store(tmp_path)
    assert [(s.record, s.verdict) for s in again.last(5)] == [(e, "wrong")]
    assert again.settings.get("threshold/wake_alexa/alexa") == 0.8
    again.close()


def test_a_verdict_can_change_and_be_taken_back(store):
    e = event()
    store.add(e)
    for verdict in ("right", "computer", ""):
        store.label(e.id, verdict)
        assert store.last(1)[0].verdict == verdict
    assert store.labelled() == []


@pytest.mark.parametrize("verdict", ["../up", "a/b", "x" * 65, "two\nlines", ".hidden"])
def test_what_cannot_be_a_label_is_refused(store, verdict):
    e = event()
    store.add(e)
    with pytest.raises(ValueError, match="label"):
        store.label(e.id, verdict)
    with pytest.raises(KeyError):
        store.label("0" * 20, "right")


def test_sound_is_kept_only_when_switched_on(tmp_path, store):
    e = event()
    store.add(e, tone())
    store.flush()
    samples, rate = soundfile.read(io.BytesIO(store.audio(e.id)))
    assert store.last(1)[0].has_audio and rate == 16_000 and abs(len(samples) - 3 * rate) < 400
    silent = Store(tmp_path / "silent")
    silent.add(e, tone())
    silent.flush()
    assert silent.audio(e.id) is None and not (tmp_path / "silent" / "recordings").exists()
    silent.close()


@pytest.mark.parametrize("name", ["../nuthatch", "a/b", "", ".."])
def test_no_way_out_of_the_folder(store, name):
    with pytest.raises(KeyError):
        store.audio(name)


def test_sound_is_bounded_but_not_what_was_labelled(store):
    made = events(12)
    for e in made:
        store.add(e, tone())
    store.label(made[0].id, "right")
    size = sum(f.stat().st_size for f in store.recordings.folder.iterdir())
    store.recordings.bound(size // 3, 30, {made[0].id})
    left = [s.record.id for s in store.last(99) if s.has_audio]
    assert made[0].id in left and made[1].id not in left and made[-1].id in left
    assert sum(f.stat().st_size for f in store.recordings.folder.iterdir()) <= size // 3
    for f in store.recordings.folder.iterdir():
        os.utime(f, (1, 1))
    store.recordings.bound(10**9, 30, {made[0].id})
    assert [s.record.id for s in store.last(99) if s.has_audio] == [made[0].id]


def test_old_events_go_and_labelled_ones_stay(tmp_path):
    store = Store(tmp_path, Default(keep_days=36_500))
    old, judged, new = event("old", 1.0), event("judged", 1.0), event("new")
    for e in (old, judged, new):
        store.add(e)
    store.label(judged.id, "right")
    store.close()
    store = Store(tmp_path, Default(keep_days=30))
    store._tidy()
    assert {s.record.label for s in store.last(9)} == {"judged", "new"}
    store.close()


def test_an_export_is_what_training_reads(tmp_path, store):
    from training.data.speech_commands import SpeechCommands

    for label, verdict, stream in [
        ("alexa", "right", "s1"),
        ("alexa", "wrong", "s2"),
        ("alexa", "wrong", "s2"),
        ("alexa", "right", "s3"),
        ("alexa", "computer", "s3"),
        ("alexa", "computer", "s4"),
    ]:
        e = event(label, stream=stream)
        store.add(e, tone())
        store.label(e.id, verdict)
    store.add(event("nobody judged this"), tone())
    assert store.export(tmp_path / "out") == 6
    lines = [json.loads(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()]
    assert all((tmp_path / "out" / line["file"]).is_file() for line in lines) and len(lines) == 6
    clips = SpeechCommands(tmp_path / "out", ("alexa", "computer")).clips
    assert sorted(c.label for c in clips) == ["_unknown_"] * 2 + ["alexa"] * 2 + ["computer"] * 2
    assert len({c.speaker for c in clips}) == 4
    with pytest.raises(StoreError, match="not empty"):
        store.export(tmp_path / "out")


def test_a_backup_while_running_can_be_put_back(tmp_path, store):
    made = events(3)
    for e in made:
        store.add(e, tone(1))
    store.label(made[1].id, "right")
    assert backup(store.folder, tmp_path / "b.zip") == 3
    assert restore(tmp_path / "b.zip", tmp_path / "new") == 3
    again = Store(tmp_path / "new")
    assert [s.verdict for s in again.last(9)] == ["", "right", ""] and all(s.has_audio for s in again.last(9))
    again.close()
    with pytest.raises(StoreError, match="nothing is overwritten"):
        restore(tmp_path / "b.zip", tmp_path / "new")
    (tmp_path / "no.zip").write_bytes(b"PK nothing")
    with pytest.raises(StoreError, match="cannot be put back"):
        restore(tmp_path / "no.zip", tmp_path / "other")


def test_an_older_schema_is_brought_forward_and_a_newer_one_refused(tmp_path, monkeypatch):
    with monkeypatch.context() as m:
        m.setattr(database_file, "MIGRATIONS", MIGRATIONS[:1])
        store = Store(tmp_path)
        e = event()
        store.add(e)
        store.close()
    store = Store(tmp_path)
    assert store.last(1)[0].record == e
    store.close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="schema 99"):
        Store(tmp_path)


@pytest.mark.parametrize("page", [1, 3, "middle"])
def test_a_damaged_file_is_put_aside_and_what_is_readable_kept(tmp_path, page):
    store = Store(tmp_path)
    made = events(3_000)
    for e in made:
        store.add(e)
    store.label(made[-1].id, "right")
    store.close()
    path = tmp_path / FILE
    content = bytearray(path.read_bytes())
    at = (len(content) // 8192 if page == "middle" else page - 1) * 4096
    content[at : at + 4096] = bytes(range(256)) * 16
    path.write_bytes(content)
    health = Health()
    again = Store(tmp_path, health=health)
    assert "was damaged" in health.parts["store"].text and list(tmp_path.glob(f"{FILE}.damaged-*"))
    if page == "middle":
        assert len(again.last(9_999)) > 2_000
    new = event()
    again.add(new)
    assert again.flush() and again.last(1)[0].record == new
    again.close()


def test_damage_while_running_is_survived(tmp_path, monkeypatch):
    monkeypatch.setattr("edge.daemon.store.store.RETRY_S", 0.02)
    store = Store(tmp_path)
    for e in events(2_000):
        store.add(e)
    store.flush()
    store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (tmp_path / FILE).open("r+b") as f:
        f.seek(4096)
        f.write(b"\xff" * 4096 * 20)
    store._connection.execute("PRAGMA shrink_memory")
    new = event()
    store.add(new)
    assert store.flush() and store.last(1)[0].record == new and list(tmp_path.glob(f"{FILE}.damaged-*"))
    store.settings.set("muted", True)
    store.close()
    again = Store(tmp_path)
    assert again.last(1)[0].record == new and again.settings.get("muted") is True
    again.close()


def test_events_wait_for_a_full_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("edge.daemon.store.store.RETRY_S", 0.02)
    health = Health()
    store = Store(tmp_path, Default(recordings=True), health)
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    monkeypatch.setattr(recordings_file, "FREE_BYTES", 2**60)
    made = [replace(e, details={"text": "x" * 500}) for e in events(200)]
    for e in made:
        store.add(e, tone(1))
    assert not store.flush(0.5)
    assert not health.parts["store"].ok and "full" in health.parts["store"].text
    with pytest.raises(StoreError, match="full"):
        store.settings.set("note", "x" * 100_000)
    store._connection.execute("PRAGMA max_page_count = 100000")
    assert store.flush(10)
    assert [s.record for s in store.last(999)] == made[::-1] and store.dropped == 0
    assert "recordings stopped" in health.parts["store"].text and not store.last(1)[0].has_audio
    monkeypatch.setattr(recordings_file, "FREE_BYTES", 0)
    store.add(event(), tone(1))
    store.flush()
    assert health.parts["store"].ok and store.last(1)[0].has_audio
    store.close()


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_store import event, tone
from edge.daemon.store import Store
from edge.daemon.store.store import Default
store = Store(Path(sys.argv[1]), Default(recordings=True))
while True:
    e = event()
    store.add(e, tone(.5))
    store.label(e.id, "right")
    print(e.id, flush=True)
"""


def test_what_was_said_to_be_kept_survives_kill_9(tmp_path):
    said = []
    for wait_s in (0.0, 0.03, 0.11):
        line = [sys.executable, "-c", WRITER, str(tmp_path), str(Path(__file__).parent)]
        process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        said.append(process.stdout.readline().strip())
        time.sleep(wait_s)
        os.kill(process.pid, signal.SIGKILL)
        said += [line.strip() for line in process.stdout if len(line) == 21]
        process.wait()
    store = Store(tmp_path)
    kept = {s.record.id: s for s in store.last(10_000)}
    assert len(said) > 3 and all(kept[i].verdict == "right" and kept[i].has_audio for i in said)
    assert all(store.audio(i) for i in said) and not list((tmp_path / "recordings").glob(".*.part"))
    store.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "file" / "state")
