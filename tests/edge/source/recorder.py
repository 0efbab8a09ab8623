"""A program of a test's own that records, opens its microphone again when it fails, and says all of it."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROGRAM = """
import json, sys, time
from edge.source.error import SourceError
from edge.source.microphone import Microphone
device, channel = json.loads(sys.argv[1])
def say(**words):
    print(json.dumps(words | {"at": time.monotonic()}), flush=True)
while True:
    microphone = None
    try:
        microphone = Microphone(device, channel, stall_s=1.0)
        say(state="open", name=microphone.name, rate_hz=microphone.rate_hz, channels=microphone.channels)
        for block in microphone:
            say(state="block", samples=len(block), peak=int(abs(block.astype(int)).max()) if len(block) else 0)
    except SourceError as e:
        say(state=e.state, text=str(e))
    finally:
        if microphone is not None:
            microphone.close()
    time.sleep(0.2)
"""


class Recorder:
    """Lines of the program, as they come; a context manager that ends it."""

    def __init__(self, environment, device=None, channel=None):
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, json.dumps([device, channel])],
            env=dict(os.environ, PYTHONPATH=str(ROOT), **environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(json.loads(line))

    def until(self, wanted, timeout_s=15.0):
        """The first line that ``wanted`` is true of, and all before it."""
        seen, end = [], time.monotonic() + timeout_s
        while (left := end - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            seen.append(line)
            if wanted(line):
                return line, seen[:-1]
        raise AssertionError(f"not within {timeout_s} s; {len(seen)} lines, the last: {seen[-3:]}")

    def state(self, name, timeout_s=15.0):
        return self.until(lambda line: line["state"] == name, timeout_s)[0]

    def loud(self, peak=1_000, timeout_s=15.0):
        return self.until(lambda line: line["state"] == "block" and line["peak"] > peak, timeout_s)[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()
