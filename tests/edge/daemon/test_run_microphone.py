"""nuthatch run on a sound server: the microphone pulled out and back, systemd told only of what is heard."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "source"))

from sound_server import SoundServer, needs_pulseaudio  # noqa: E402

pytestmark = needs_pulseaudio

CONFIG = """
[audio]
device = "kitchen"
[[task]]
model = "{bundle}"
[page]
enabled = false
[store]
folder = "{folder}/state"
[log]
format = "json"
"""


class Daemon:
    """``nuthatch run`` with what it says to the log and to systemd."""

    def __init__(self, command, config, environment, folder):
        self.systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.systemd.bind(str(folder / "notify"))
        self.systemd.setblocking(False)
        environment = command[1] | environment | {"NOTIFY_SOCKET": str(folder / "notify")}
        arguments = [*command[0], "run", "--config", str(config)]
        self.process = subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE, text=True)
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stderr:
            if line.startswith("{"):
                self._lines.put(json.loads(line))

    def until(self, event, timeout_s=20, **words):
        end, seen = time.monotonic() + timeout_s, []
        while (left := end - time.monotonic()) > 0:
            try:
                seen.append(line := self._lines.get(timeout=left))
            except queue.Empty:
                break
            if line["event"] == event and words.items() <= line.items():
                return line
        raise AssertionError(f"no {event}: {seen[-5:]}")

    def words(self):
        """What systemd was told since it was asked last."""
        found = []
        while True:
            try:
                found.append(self.systemd.recv(4_096).decode())
            except BlockingIOError:
                return found

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self.systemd.close()


@pytest.fixture
def server(tmp_path):
    server = SoundServer(tmp_path / "pulse")
    yield server
    server.stop()


@pytest.fixture
def daemon(tmp_path, server, command, bundle_path):
    config = tmp_path / "nuthatch.toml"
    config.write_text(CONFIG.format(bundle=bundle_path, folder=tmp_path))
    daemon = Daemon(command, config, server.environment, tmp_path)
    yield daemon
    daemon.close()


def test_it_hears_again_when_the_microphone_is_back_and_ends_cleanly(daemon, server, samples):
    daemon.until("hearing", part="audio")
    server.play(samples[:32_000])
    assert daemon.until("heard")["label"] == "loud"
    time.sleep(1.5)
    told = daemon.words()
    assert any(word.startswith("READY=1") for word in told) and "WATCHDOG=1" in told

    server.stop()
    assert "kitchen" in daemon.until("reopening", part="audio")["text"]
    time.sleep(1.5)
    daemon.words()
    time.sleep(2.0)
    assert "WATCHDOG=1" not in daemon.words()

    server.start()
    daemon.until("hearing", part="audio")
    server.play(samples[:32_000])
    assert daemon.until("heard")["label"] == "loud"
    os.kill(daemon.process.pid, signal.SIGTERM)
    assert daemon.process.wait(10) == 0
    assert any(word.startswith("STOPPING=1") for word in daemon.words())
