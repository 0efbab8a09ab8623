"""A PulseAudio server of a test's own, with a microphone made of a null sink: what is played there is recorded."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

needs_pulseaudio = pytest.mark.skipif(
    not all(shutil.which(p) for p in ("pulseaudio", "pactl", "pacat"))
    or not list(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")),
    reason="PulseAudio or ALSA's plugins are not installed; apt install pulseaudio pulseaudio-utils libasound2-plugins",
)
ASOUNDRC = """
pcm.!default {{ type pulse server "{server}" hint {{ show on description "sound server" }} }}
pcm.kitchen {{ type pulse server "{server}" device "kitchen.monitor" hint {{ show on description "kitchen" }} }}
pcm.attic {{ type pulse server "{server}" device "attic.monitor" hint {{ show on description "attic" }} }}
"""


class SoundServer:
    """Start, stop and start again; ``environment`` is what a program needs to record from it."""

    def __init__(self, folder: Path, rate_hz: int = 48_000, channels: int = 2) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.socket = folder / "native"
        self.environment = {
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_RUNTIME_PATH": str(folder),
            "PULSE_SERVER": f"unix:{self.socket}",
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent",
        }
        (folder / ".asoundrc").write_text(ASOUNDRC.format(server=f"unix:{self.socket}"))
        self._sink = f"module-null-sink sink_name=kitchen rate={rate_hz} channels={channels}"
        self._process: subprocess.Popen | None = None
        self._players: list[subprocess.Popen] = []
        self.start()

    def start(self) -> None:
        modules = [f"module-native-protocol-unix socket={self.socket} auth-anonymous=1", self._sink]
        self._process = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", "--system=no",
             *(f"--load={m}" for m in modules)],
            env=dict(os.environ, **self.environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(200):
            if self._process.poll() is not None:
                raise RuntimeError("pulseaudio did not start")
            if self.control("info", check=False):
                return
            time.sleep(0.05)
        raise RuntimeError("pulseaudio does not answer")

    def stop(self) -> None:
        """As if the card were pulled out: no word to those who record."""
        for process in [*self._players, self._process]:
            if process is not None:
                process.kill()
                process.wait(10)
        self._players, self._process = [], None
        self.socket.unlink(missing_ok=True)

    def hang(self, on: bool = True) -> None:
        """It is there and answers nothing."""
        os.kill(self._process.pid, signal.SIGSTOP if on else signal.SIGCONT)

    def control(self, *command: str, check: bool = True) -> bool:
        """``pactl``; was it done?"""
        done = subprocess.run(
            ["pactl", *command],
            env=dict(os.environ, **self.environment), capture_output=True, check=check, timeout=10,
        )  # fmt: skip
        return done.returncode == 0

    def play(self, samples: np.ndarray, rate_hz: int = 16_000) -> subprocess.Popen:
        """int16 [n] or [n, channels], at once; ends by itself."""
        channels = 1 if samples.ndim == 1 else samples.shape[1]
        player = subprocess.Popen(
            ["pacat", "--playback", "--raw", "--device=kitchen", "--format=s16le", f"--rate={rate_hz}",
             f"--channels={channels}", "--latency-msec=50"],
            env=dict(os.environ, **self.environment), stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        player.stdin.write(samples.astype("<i2").tobytes())
        player.stdin.close()
        self._players.append(player)
        return player
