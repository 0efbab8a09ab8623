"""An emulated board behaves as a board behind a cable."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

EMULATOR = Path(__file__).parents[2] / "firmware" / "platform" / "emulator.py"
ECHO = """import os, sys
os.write(1, b"ready\\n")
while (heard := os.read(0, 100)):
    os.write(1, heard)
    if b"end" in heard: sys.exit(5)
"""
TALKER = """import itertools, os
for i in itertools.count(): os.write(1, b"%09d\\n" % i)
"""


@pytest.fixture
def emulator(tmp_path):
    """Starts one; its address and process."""
    started = []

    def start(program: str) -> tuple[int, subprocess.Popen]:
        line = [
            sys.executable,
            str(EMULATOR),
            "--record",
            str(tmp_path / "r.json"),
            "--",
            sys.executable,
            "-c",
            program,
        ]
        process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        started.append(process)
        said = process.stdout.readline()
        return int(said.partition("127.0.0.1:")[2].partition(",")[0]), process

    yield start
    for process in started:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def read(reader: socket.socket, count: int) -> bytes:
    said = b""
    while len(said) < count and (more := reader.recv(count - len(said))):
        said += more
    return said


def test_bytes_go_both_ways_until_the_program_ends(emulator):
    port, process = emulator(ECHO)
    with connect(port) as reader:
        assert read(reader, 6) == b"ready\n"
        reader.sendall(b"hello")
        assert read(reader, 5) == b"hello"
        reader.sendall(b"end")
        assert read(reader, 4) == b"end"
        assert reader.recv(1) == b""
    assert process.wait(10) == 5


def test_a_program_stands_still_without_a_reader_and_loses_nothing(emulator):
    port, _ = emulator(TALKER)
    with connect(port) as reader:
        first = int(read(reader, 10))
    with connect(port) as reader:
        # What was on its way to the first reader may be gone, as on a cable; the rest goes on line after line.
        lines = read(reader, 20_000).split(b"\n")[1:-1]
        numbers = [int(x) for x in lines]
        assert first == 0
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    time.sleep(0.5)
    with connect(port) as reader:
        # Not more than what fits between the program and its next reader was said in the meantime.
        later = int(read(reader, 200_000).split(b"\n")[-2])
        assert later < numbers[-1] + 60_000


def test_a_program_that_ends_without_a_reader_is_the_end(emulator):
    port, process = emulator("import time; print('last', flush=True); time.sleep(0.3)")
    with connect(port) as reader:
        assert read(reader, 5) == b"last\n"
        time.sleep(0.5)
    assert process.wait(20) == 0


def test_a_slow_reader_gets_every_byte(emulator):
    port, _ = emulator(TALKER)
    with connect(port) as reader:
        time.sleep(0.5)
        said = read(reader, 1_000_000)
    assert said == b"".join(b"%09d\n" % i for i in range(100_000))


def test_a_second_reader_is_told_and_sent_away(emulator):
    port, _ = emulator(ECHO)
    with connect(port) as reader:
        assert read(reader, 6) == b"ready\n"
        with connect(port) as second:
            assert b"another program is connected" in read(second, 100)
        reader.sendall(b"still")
        assert read(reader, 5) == b"still"


def test_a_new_one_replaces_the_old_one_of_the_same_record(emulator, tmp_path):
    _, old = emulator(ECHO)
    port, _ = emulator(ECHO)
    assert old.wait(10) is not None
    assert json.loads((tmp_path / "r.json").read_text())["port"] == port


def test_a_taken_port_is_named_with_the_remedy():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        line = [sys.executable, str(EMULATOR), "--port", str(s.getsockname()[1]), "--", "true"]
        done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1
    assert "is taken" in done.stderr and "--upload-port socket://127.0.0.1:0" in done.stderr


def test_in_the_background_it_listens_when_the_command_returns(tmp_path):
    record = tmp_path / "r.json"
    line = [sys.executable, str(EMULATOR), "--background", "--record", str(record), "--", sys.executable, "-c", ECHO]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 0, done.stderr
    written = json.loads(record.read_text())
    with connect(written["port"]) as reader:
        assert read(reader, 6) == b"ready\n"
    os.kill(written["pid"], signal.SIGTERM)
