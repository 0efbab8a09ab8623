"""Programs run for records: with their values, without a shell, never for ever."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

import pytest

pytest.importorskip("pydantic", reason="needs the extra daemon")

from edge.sink import command  # noqa: E402

TELL = (
    "import json, os, sys\n"
    "ours = {k: v for k, v in os.environ.items() if k.startswith('NUTHATCH_') or k == 'LAMP'}\n"
    "print(json.dumps([sys.argv[2:], ours, sys.stdin.read()]), file=open(sys.argv[1], 'a'))\n"
)


def python(script, *arguments):
    return [sys.executable, "-c", script, *map(str, arguments)]


@pytest.fixture
def perform(control, running, until):
    """Records through the sink, until all are counted; the last status."""

    def run(records, **config):
        async def main():
            async with running(command, command.Config(**config), control):
                for one in records:
                    control.records.publish(one)
                await until(lambda: control.status("sink/command"))
                await until(lambda: sum(control.status("sink/command").facts[k] for k in KEYS) >= len(records))
                return control.status("sink/command")

        return asyncio.run(main())

    return run


KEYS = ("sent", "failed", "late")


def test_values_stand_in_their_places(perform, record, tmp_path, monkeypatch):
    monkeypatch.setenv("NUTHATCH_SINK__MQTT__PASSWORD", "hidden")
    heard = record("loud")
    told = python(TELL, tmp_path / "told", "{label} at {time_utc}", "{score}", "{model}{task}", "{{}}", "$HOME")
    status = perform([heard], arguments=told, environment={"LAMP": "kitchen"})
    assert status.ok and status.facts["sent"] == 1
    arguments, environment, stdin = json.loads((tmp_path / "told").read_text())
    assert arguments == [f"loud at {heard.time_utc}", "0.9", "loudnesskeyword", "{{}}", "$HOME"]
    assert environment["LAMP"] == "kitchen" and environment["NUTHATCH_LABEL"] == "loud"
    assert "NUTHATCH_SINK__MQTT__PASSWORD" not in environment
    assert json.loads(stdin)["id"] == heard.id


@pytest.mark.parametrize("label", ["; touch evil", "$(touch evil)", "`x` && y | z > w", "{score}", "a b\n'\"", "-rf\0"])
def test_a_value_is_one_argument_whatever_it_holds(perform, record, tmp_path, monkeypatch, label):
    monkeypatch.chdir(tmp_path)
    perform([record(label)], arguments=python(TELL, tmp_path / "told", "{label}"))
    assert json.loads((tmp_path / "told").read_text())[0] == [label.replace("\0", "")]
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["told"]


def test_a_failing_program_is_counted_with_its_last_words(perform, record):
    script = "import sys; print('x' * 100_000, file=sys.stderr); print('no lamp', file=sys.stderr); sys.exit(3)"
    status = perform([record(), record()], arguments=python(script))
    assert not status.ok and status.facts["failed"] == 2
    assert "exit code 3: no lamp" in status.text


def test_a_program_that_is_not_there_is_named(perform, record):
    status = perform([record()], arguments=["/nowhere/lamp"])
    assert "/nowhere/lamp: cannot be run (No such file or directory)" in status.text


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


HANG = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen(['sleep', '60'])\n"
    "print(child.pid, file=open(sys.argv[1], 'w'), flush=True)\n"
    "time.sleep(60)\n"
)


def test_a_program_that_hangs_is_ended_with_its_children(perform, record, tmp_path, until):
    status = perform([record()], arguments=python(HANG, tmp_path / "pid"), timeout_s=1.0)
    assert "ran longer than 1 s" in status.text and status.facts["failed"] == 1
    pid = int((tmp_path / "pid").read_text())
    asyncio.run(until(lambda: not alive(pid), 2))


def test_the_end_of_the_service_ends_its_programs(control, running, record, tmp_path, until):
    def pid():
        path = tmp_path / "pid"
        return path.exists() and path.read_text().strip()

    async def main():
        config = command.Config(arguments=python(HANG, tmp_path / "pid"))
        async with running(command, config, control):
            await asyncio.sleep(0)
            control.records.publish(record())
            await until(pid)

    started = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - started < 5
    asyncio.run(until(lambda: not alive(int(pid())), 2))


WATCH = (
    "import os, sys, time\n"
    "path = os.path.join(sys.argv[1], str(os.getpid())); open(path, 'w').close()\n"
    "time.sleep(0.15); print(len(os.listdir(sys.argv[1])), file=open(sys.argv[2], 'a')); os.unlink(path)\n"
)


def test_so_many_at_once_and_no_more(perform, record, tmp_path):
    (tmp_path / "running").mkdir()
    records = [record() for _ in range(8)]
    status = perform(records, arguments=python(WATCH, tmp_path / "running", tmp_path / "seen"), at_once=2)
    assert status.facts["sent"] == 8
    assert max(map(int, (tmp_path / "seen").read_text().split())) <= 2


def test_what_had_to_wait_too_long_is_left_out(perform, record, tmp_path):
    status = perform([record(age_s=60), record()], arguments=["true"], late_s=30)
    assert (status.facts["late"], status.facts["sent"]) == (1, 1)


def test_only_the_wanted_labels(control, running, record, until, tmp_path):
    async def main():
        config = command.Config(arguments=python(TELL, tmp_path / "told", "{id}"), labels=["loud"])
        async with running(command, config, control):
            await asyncio.sleep(0)
            control.records.publish(record("quiet"))
            control.records.publish(one := record("loud"))
            await until(lambda: control.status("sink/command").facts["sent"] == 1)
            return one

    heard = asyncio.run(main())
    assert json.loads((tmp_path / "told").read_text())[0] == [heard.id]


@pytest.mark.parametrize("arguments", [[], [""], ["x", "{colour}"], ["x", "a\0b"]])
def test_a_configuration_that_cannot_be_meant_is_refused(arguments):
    with pytest.raises(ValueError):
        command.Config(arguments=arguments)
