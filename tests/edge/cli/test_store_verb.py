"""``nuthatch store``: as people use it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from edge.cli.store import app
from edge.daemon.record import Record
from edge.daemon.store import Store
from edge.daemon.store.store import Default

run = CliRunner().invoke


@pytest.fixture
def folder(tmp_path):
    store = Store(tmp_path / "state", Default(recordings=True))
    for k in range(4):
        utc = f"2026-01-01T00:00:0{k}.000Z"
        record = Record(f"{k:020x}", "keyword", "wake_alexa", "0" * 12, "alexa", 0.9, k, utc, "s", {})
        store.add(record, b"\1\0" * 16_000)
    store.close()
    return str(tmp_path / "state")


def test_look_judge_export_back_up(folder, tmp_path):
    assert run(app, ["label", f"{2:020x}", "wrong", "--folder", folder]).exit_code == 0
    lines = run(app, ["events", "--folder", folder, "--json", "-n", "3"]).stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert [(f["time_s"], f["verdict"], f["has_audio"]) for f in found] == [
        (3, "", True),
        (2, "wrong", True),
        (1, "", True),
    ]
    assert run(app, ["export", str(tmp_path / "out"), "--folder", folder]).exit_code == 0
    assert len(list((tmp_path / "out" / "_unknown_").iterdir())) == 1
    assert run(app, ["backup", str(tmp_path / "b.zip"), "--folder", folder]).exit_code == 0
    assert run(app, ["restore", str(tmp_path / "b.zip"), "--folder", str(tmp_path / "new")]).exit_code == 0
    again = run(app, ["events", "--folder", str(tmp_path / "new")]).stdout
    assert again == run(app, ["events", "--folder", folder]).stdout and len(again.splitlines()) == 4


def test_an_unknown_event_is_a_usage_error(folder):
    done = run(app, ["label", "f" * 20, "right", "--folder", folder])
    assert done.exit_code == 2 and "store events" in done.output


def test_a_folder_without_a_store_is_named(tmp_path):
    done = run(app, ["events", "--folder", str(tmp_path)])
    assert done.exit_code == 1 and "--folder" in str(done.exception) and not list(tmp_path.iterdir())
