"""The microphone on a real sound server: found by a part of its name, pulled out, plugged in, hung, held still."""

import sys
import time
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from recorder import Recorder  # noqa: E402
from sound_server import SoundServer, needs_pulseaudio  # noqa: E402

pytestmark = needs_pulseaudio


@pytest.fixture
def server(tmp_path):
    server = SoundServer(tmp_path / "pulse")
    yield server
    server.stop()


@pytest.fixture
def noise():
    return (np.random.default_rng(0).normal(size=8_000) * 5_000).astype(np.int16)


def test_a_part_of_the_name_finds_it_and_each_channel_is_itself(server, noise):
    right = np.stack([np.zeros_like(noise), noise], axis=1)
    with (
        Recorder(server.environment, "itche", 0) as left,
        Recorder(server.environment, "itche", 1) as one,
        Recorder(server.environment, "ITCHE") as mixed,
    ):
        for recorder in (left, one, mixed):
            assert recorder.state("open")["name"] == "kitchen"
            recorder.state("block")
        server.play(right)
        assert one.loud()["peak"] > 1_000 and mixed.loud()["peak"] > 500
        with pytest.raises(AssertionError):
            left.loud(peak=10, timeout_s=1.0)


def test_a_microphone_that_is_pulled_out_is_noticed_and_one_that_returns_is_heard(server, noise):
    with Recorder(server.environment, "kitchen") as recorder:
        recorder.state("block")
        server.play(noise)
        recorder.loud()
        server.stop()
        pulled_out = time.monotonic()
        stopped = recorder.state("stopped")
        assert stopped["at"] - pulled_out < 2.0 and "unplugged" in stopped["text"]
        assert "\n" not in recorder.until(lambda line: line["state"] not in ("block", "open"))[0]["text"]
        server.start()
        recorder.state("open")
        recorder.state("block")
        server.play(noise)
        recorder.loud()


def test_a_stall_is_noticed_after_a_second_and_mended(server, noise):
    with Recorder(server.environment, "kitchen") as recorder:
        recorder.state("block")
        server.hang()
        hung = time.monotonic()
        stopped = recorder.state("stopped")
        assert 0.9 < stopped["at"] - hung < 2.5 and "stopped giving samples 1 s ago" in stopped["text"]
        server.hang(False)
        recorder.state("open")
        recorder.state("block")
        server.play(noise)
        recorder.loud()


def test_a_source_that_is_taken_away_under_the_recording_is_noticed(server):
    with Recorder(server.environment, "kitchen") as recorder:
        recorder.state("block")
        server.control("unload-module", "module-null-sink")
        recorder.state("stopped")
        recorder.until(lambda line: line["state"] in ("absent", "failed", "busy", "stopped"))
        server.control("load-module", "module-null-sink", "sink_name=kitchen", "rate=8000", "channels=1")
        recorder.state("open")
        recorder.state("block")
