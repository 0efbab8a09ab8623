"""Lines for people, for programs, for the journal; never a secret."""

import io
import json
import logging
import os
import socket
import subprocess
import sys

import pytest
from pydantic import SecretStr

from edge.daemon import logs
from edge.daemon.health import Health
from edge.daemon.record import Record
from edge.daemon.secret import known, secret_of
from edge.daemon.sections import Log
from edge.daemon.systemd import Notifier

RECORD = Record("0a", "keyword", "wake_alexa", "abc", "alexa", 0.9712, 3.42, "2026-11-22T17:00:33.125Z", "s1")


@pytest.fixture
def said(monkeypatch):
    """(format, level) -> the stream on which the log then is."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level

    def start(form="text", level="info"):
        out = io.StringIO()
        logs.start(Log(format=form, level=level), out)
        return out

    yield start
    root.handlers[:] = before
    root.setLevel(level)
    known.clear()


def test_one_line_for_one_detection(said):
    out = said()
    logs.heard(RECORD)
    assert out.getvalue()[20:] == (
        " info    heard  label=alexa score=0.971 model=wake_alexa task=keyword time_s=3.42 id=0a\n"
    )
    assert out.getvalue()[19] == "Z"


def test_json_is_one_object_a_line_libraries_and_defects_too(said):
    out = said("json")
    logs.heard(RECORD)
    logging.getLogger("library").warning("said %d", 3)
    logging.getLogger("aiohttp.access").info("GET /")
    try:
        raise ValueError("broken\nhere")
    except ValueError:
        logs.LOG.exception("defect", part="ear")
    heard, library, defect = map(json.loads, out.getvalue().splitlines())
    assert heard["label"] == "alexa" and heard["level"] == "info" and heard["timestamp"].endswith("Z")
    assert library["event"] == "said 3" and library["logger"] == "library"
    assert defect["part"] == "ear" and "ValueError: broken" in defect["exception"]


def test_a_part_says_when_it_changes_and_only_then(said):
    out = said()
    health = Health(logs.changed)
    for _ in range(100):
        health.say("audio", True, "hearing", level_dbfs=-40.0)
    health.say("audio", False, "reopening", "microphone USB: gone; trying again in 2 s")
    first, second = out.getvalue().splitlines()
    assert first.endswith("info    hearing  part=audio")
    assert second.endswith('warning reopening  part=audio text="microphone USB: gone; trying again in 2 s"')


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_comes_out_by_any_way(said, form):
    out = said(form)
    word = secret_of(SecretStr('hunter2"hunter2'), None)
    logs.LOG.info("refused", token="sesame-open", given=SecretStr("sesame-open"), headers={"x": word})
    logs.LOG.info("connects to mqtt://user:sesame-open@broker/")
    logging.getLogger("library").error("login with %s failed", word)
    try:
        raise ValueError(f"bad {word}")
    except ValueError:
        logs.LOG.exception("defect")
    assert out.getvalue().count(logs.HIDDEN) >= 5
    assert "hunter2" not in out.getvalue() and "sesame" not in out.getvalue()


def test_the_level_is_kept_and_may_be_changed(said):
    out = said(level="warning")
    logs.heard(RECORD)
    assert out.getvalue() == ""
    out = said(level="debug")
    logs.LOG.debug("now")
    assert "debug   now" in out.getvalue()


def test_the_journal_gets_priorities_and_no_times():
    code = (
        "import os, sys\n"
        "found = os.fstat(2)\n"
        "os.environ['JOURNAL_STREAM'] = f'{found.st_dev}:{found.st_ino}'\n"
        "from edge.daemon import logs\nfrom edge.daemon.sections import Log\n"
        "logs.start(Log())\nlogs.LOG.info('one', n=1)\nlogs.LOG.error('two')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "<6>one  n=1\n<3>two\n"


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path):
    """(a socket as systemd has it, its name for the environment)."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@nuthatch-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind("\0" + name[1:] if name.startswith("@") else name)
        end.settimeout(5)
        yield end, name


def test_systemd_hears_each_word(systemd):
    end, name = systemd
    notifier = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())})
    assert notifier.watchdog_s == 30
    notifier.ready("hearing")
    notifier.alive()
    notifier.status("two\nlines")
    notifier.reloading()
    notifier.stopping()
    heard = [end.recv(1_000).decode() for _ in range(5)]
    assert heard[:3] == ["READY=1\nSTATUS=hearing", "WATCHDOG=1", "STATUS=two lines"]
    assert heard[3].startswith("RELOADING=1\nMONOTONIC_USEC=") and heard[4] == "STOPPING=1"
    notifier.close()


def test_without_systemd_nothing_is_said_and_a_full_queue_does_not_wait(systemd):
    end, name = systemd
    silent = Notifier({})
    silent.ready()
    assert silent.watchdog_s == 0
    assert Notifier({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}).watchdog_s == 0
    notifier = Notifier({"NOTIFY_SOCKET": name})
    for _ in range(5_000):
        notifier.alive()
    end.close()
    notifier.alive()
    notifier.close()
