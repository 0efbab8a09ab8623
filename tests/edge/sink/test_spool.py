"""The queue on the disk: bounded, in order, there after kill -9, and honest about what it lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.sink.delivery.spool import LINE_LIMIT_BYTES, Spool


def contents(spool):
    found = []
    while (first := spool.first()) is not None:
        found.append(first[1])
        spool.remove(first[0])
    return found


@pytest.fixture
def path(tmp_path):
    return tmp_path / "queues" / "x.queue"


def reopened(path, limit=100):
    return Spool(path, limit)


def test_what_waits_is_there_after_a_restart_and_in_order(path):
    spool = Spool(path, 100)
    for i in range(10):
        spool.put(f"line {i}")
    for _ in range(3):
        spool.remove(spool.first()[0])
    spool.close()
    again = reopened(path)
    again.put("after")
    assert contents(again) == [f"line {i}" for i in range(3, 10)] + ["after"]
    assert again.dropped == again.torn == 0 and not again.fault
    again.close()
    assert len(reopened(path)) == 0


def test_a_full_queue_loses_its_oldest_and_counts(path):
    spool = Spool(path, 3)
    for i in range(10):
        spool.put(str(i))
    assert spool.dropped == 7
    spool.put("x" * (LINE_LIMIT_BYTES + 1))
    spool.close()
    again = reopened(path, 3)
    assert spool.dropped == 8 and contents(again) == ["7", "8", "9"]


def test_a_torn_last_line_is_skipped_and_counted(path):
    spool = Spool(path, 100)
    for i in range(3):
        spool.put(str(i))
    spool.close()
    path.write_bytes(path.read_bytes()[:-3])
    again = reopened(path)
    assert again.torn == 1 and contents(again) == ["0", "1"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.integers(0, 200))
def test_any_bytes_in_the_file_are_survived(tmp_path, noise, place):
    path = tmp_path / "noise.queue"
    path.unlink(missing_ok=True)
    spool = Spool(path, 100)
    for i in range(5):
        spool.put(f"line {i}")
    spool.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:place] + noise + whole[place:])
    again = Spool(path, 100)
    again.put("after")
    found = contents(again)
    again.close()
    assert found[-1] == "after"
    # Whatever is found was put, in its order; only the line that was hit may be missing.
    assert [line for line in found if line.startswith("line ")] == sorted(set(found) - {"after"})
    assert len(found) >= 5


def test_the_file_does_not_grow_while_records_come_and_go(path):
    spool = Spool(path, 100)
    for i in range(3_000):
        spool.put(f"{i} " + "x" * 500)
        if i >= 5:
            spool.remove(spool.first()[0])
    assert path.stat().st_size < 600_000
    assert len(contents(spool)) == 5


def test_a_folder_that_cannot_be_written_is_named_and_mended(tmp_path):
    (tmp_path / "queues").write_text("a file where a folder should be")
    spool = Spool(tmp_path / "queues" / "x.queue", 100)
    assert spool.fault
    spool.put("1")
    assert spool.fault and spool.first()[1] == "1"
    (tmp_path / "queues").unlink()
    spool.put("2")
    assert not spool.fault
    spool.close()
    assert contents(reopened(tmp_path / "queues" / "x.queue")) == ["1", "2"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_keeps_the_queue_in_memory_and_says_so(path):
    spool = Spool(path, 100)
    spool.put("before")
    good, full = os.dup(spool._file), os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, spool._file)
    spool.put("while full")
    assert "No space left" in spool.fault and len(spool) == 2
    os.dup2(good, spool._file)
    spool.retry()
    assert not spool.fault
    spool.put("after")
    spool.close()
    assert contents(reopened(path)) == ["before", "while full", "after"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_what_was_sent_while_the_disk_was_full_is_not_sent_again(path):
    spool = Spool(path, 100)
    spool.put("before")
    kept = os.dup(spool._file)
    os.dup2(os.open("/dev/full", os.O_WRONLY), spool._file)
    spool.put("while full")
    os.dup2(kept, spool._file)
    path.with_suffix(".new").mkdir()  # nor can the file be written anew
    assert spool.fault and contents(spool) == ["before", "while full"]
    spool.close()
    path.with_suffix(".new").rmdir()
    assert contents(reopened(path)) == []


def test_two_processes_do_not_share_a_queue(path):
    first = Spool(path, 100)
    second = Spool(path, 100)
    assert "another process" in second.fault
    second.put("second's")
    first.put("first's")
    first.close()
    second.retry()
    assert not second.fault and contents(second) == ["first's", "second's"]


WRITER = """
import sys
from pathlib import Path
from edge.sink.delivery.spool import Spool
spool = Spool(Path(sys.argv[1]), 1_000_000)
for i in range(1_000_000):
    spool.put(f"{i} " + "y" * (i % 700))
    print(i, flush=True)
    if i % 3 == 0:
        spool.remove(spool.first()[0])
"""


@pytest.mark.parametrize("after_s", [0.05, 0.12, 0.3])
def test_kill_9_in_a_write_loses_nothing_that_was_put(path, after_s):
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    process.stdout.readline()
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    said = [int(line) for line in process.stdout.read().split(b"\n")[:-1] if line]
    process.wait()
    spool = Spool(path, 1_000_000)
    found = [int(line.split()[0]) for line in contents(spool)]
    assert spool.torn <= 1 and spool.dropped == 0
    assert found == list(range(found[0], found[-1] + 1))
    assert found[-1] >= said[-1] and found[0] <= said[-1] // 3 + 2
