"""Lines of JSON: on stdout, and on a Unix socket with good and bad readers."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pydantic", reason="needs the extra daemon")

from edge.sink import jsonl  # noqa: E402


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "events"


async def connected(path, until):
    await until(path.exists)
    return await asyncio.open_unix_connection(path)


def test_several_readers_get_every_line(path, control, running, record, until):
    async def main():
        async with running(jsonl, jsonl.Config(socket=path, labels=["loud"]), control):
            readers = [(await connected(path, until)) for _ in range(3)]
            await until(lambda: control.status("sink/jsonl").facts["readers"] == 3)
            records = [record() for _ in range(5)]
            for one in [record("quiet"), *records]:
                control.records.publish(one)
            for reader, writer in readers:
                assert [json.loads(await reader.readline())["id"] for _ in records] == [r.id for r in records]
                writer.close()
            assert path.stat().st_mode & 0o777 == 0o660
        assert not path.exists()

    asyncio.run(main())


def test_a_slow_reader_is_dropped_and_the_others_are_not_kept_waiting(path, control, running, record, until):
    async def main():
        async with running(jsonl, jsonl.Config(socket=path, behind_kb=1), control):
            slow = await connected(path, until)
            reader, writer = await connected(path, until)
            await until(lambda: control.status("sink/jsonl").facts["readers"] == 2)
            got = []
            for _ in range(1_500):  # the kernel holds some hundred kilobytes
                control.records.publish(one := record(details={"much": "x" * 1_000}))
                got.append(json.loads(await asyncio.wait_for(reader.readline(), 5))["id"] == one.id)
            assert all(got)
            facts = control.status("sink/jsonl").facts
            assert (facts["slow"], facts["readers"]) == (1, 1)
            slow[1].close()
            writer.close()

    asyncio.run(main())


def test_too_many_readers_are_refused(path, control, running, until):
    async def main():
        async with running(jsonl, jsonl.Config(socket=path, readers=2), control):
            held = [await connected(path, until) for _ in range(2)]
            await until(lambda: control.status("sink/jsonl").facts["readers"] == 2)
            reader, _ = await connected(path, until)
            assert await reader.read() == b""
            for _, writer in held:
                writer.close()

    asyncio.run(main())


def test_a_socket_left_by_a_crash_is_replaced(path, control, running, record, until):
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))

    async def main():
        async with running(jsonl, jsonl.Config(socket=path), control):
            await until(lambda: control.status("sink/jsonl"))
            reader, writer = await connected(path, until)
            await until(lambda: control.status("sink/jsonl").facts["readers"] == 1)
            control.records.publish(record())
            assert json.loads(await reader.readline())
            writer.close()

    asyncio.run(main())


def test_what_is_there_and_not_ours_is_left_alone(path, control, running, until):
    path.parent.mkdir()
    path.write_text("precious")

    async def main():
        async with running(jsonl, jsonl.Config(socket=path), control):
            return await until(lambda: control.status("sink/jsonl"))

    status = asyncio.run(main())
    assert not status.ok and "no socket" in status.text and path.read_text() == "precious"


SCRIPT = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
import conftest
from pathlib import Path
from edge.sink import jsonl

async def main():
    control = conftest.Double(Path(sys.argv[2]))
    task = asyncio.create_task(jsonl.run(jsonl.Config(), control.records.feed("x"), control))
    await asyncio.sleep(0.05)
    for i in range(int(sys.argv[3])):
        control.records.publish(conftest.make_record(details={"i": i, "much": "x" * 1000}))
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.2)
    print(control.status("sink/jsonl"), file=sys.stderr)
    task.cancel()

asyncio.run(main())
"""


def spawn(tmp_path, count, **options):
    here = str(Path(__file__).parent)
    environment = dict(os.environ, PYTHONPATH=str(Path(__file__).parents[3]))
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, here, str(tmp_path), str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        **options,
    )


def test_stdout_has_a_line_for_each(tmp_path):
    process = spawn(tmp_path, 10)
    out, _ = process.communicate(timeout=20)
    assert [json.loads(line)["details"]["i"] for line in out.splitlines()] == list(range(10))


def test_a_stdout_that_nobody_reads_stops_nothing(tmp_path):
    process = spawn(tmp_path, 300)
    _, errors = process.stderr, process.stderr.read()
    # The process came to its end although the pipe was full.
    assert process.wait(20) == 0 and b"state='writing'" in errors
    process.stdout.close()


def test_a_stdout_that_was_closed_is_said(tmp_path):
    process = spawn(tmp_path, 10)
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(20) in (0, 120) and b"state='closed'" in errors
