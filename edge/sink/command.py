"""A program is run for each record: its arguments from a list, never a shell.

``{label}``, ``{score}`` and the other fields of a record stand for their values, inside one argument; the same are
in the environment as NUTHATCH_LABEL, NUTHATCH_SCORE, ..., and the record is one line of JSON on its stdin.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import re
import signal
import time
from datetime import datetime
from typing import Any

from pydantic import Field, field_validator

from edge.daemon.control import Control
from edge.daemon.hub import Feed
from edge.daemon.record import Record
from edge.sink.delivery.wanted import Wanted

FIELDS = [f.name for f in dataclasses.fields(Record) if f.name != "details"]
_PLACE = re.compile(r"\{(\w+)\}")
_HIDDEN = "NUTHATCH_"
"""Variables of our own may hold secrets."""
_SAID_BYTES = 2_000


class Config(Wanted):
    """``[sink.command]``"""

    arguments: list[str] = Field(
        min_length=1,
        title="Program and arguments",
        description=f"One string each, no shell; places for values: {', '.join('{' + f + '}' for f in FIELDS)}.",
        examples=[["/usr/bin/logger", "heard {label} ({score})"]],
    )
    timeout_s: float = Field(
        30.0, gt=0, le=86_400, title="Timeout", description="A program that runs longer is ended, with its children."
    )
    at_once: int = Field(2, ge=1, le=64, title="At once", description="So many may run side by side; others wait.")
    late_s: float = Field(
        10.0, gt=0, title="Too late to act on", description="A record that had to wait longer is left out."
    )
    environment: dict[str, str] = Field(
        default_factory=dict,
        title="Environment",
        description="Variables for the program, beside the service's own without NUTHATCH_*.",
        examples=[{"LAMP": "kitchen"}],
    )

    @field_validator("arguments")
    @classmethod
    def _known(cls, arguments: list[str]) -> list[str]:
        if not arguments[0]:
            raise ValueError("the program is empty; write its path")
        for argument in arguments:
            for place in _PLACE.findall(argument):
                if place not in FIELDS:
                    raise ValueError(f"{{{place}}} is no field of a record; there are {', '.join(FIELDS)}")
            if "\0" in argument:
                raise ValueError("an argument has a zero in it")
        return arguments


async def run(config: Config, feed: Feed[Record], control: Control) -> None:
    """Until the feed is closed and the last program has ended; cancelled, it ends them."""
    runner = _Runner(config, feed, control)
    runner.say(True, "ready", config.arguments[0])
    async with asyncio.TaskGroup() as group:
        async for record in feed:
            if not config.wants(record):
                continue
            await runner.free.acquire()
            group.create_task(runner.one(record))


class _Runner:
    """Counts what the programs did."""

    def __init__(self, config: Config, feed: Feed[Record], control: Control) -> None:
        self._config, self._feed, self._control = config, feed, control
        self.free = asyncio.Semaphore(config.at_once)
        self._counts = {"sent": 0, "failed": 0, "late": 0}

    def say(self, ok: bool, state: str, text: str) -> None:
        facts = self._counts | {"waiting": len(self._feed), "dropped": self._feed.dropped}
        self._control.health.say("sink/command", ok, state, text, **facts)

    async def one(self, record: Record) -> None:
        """Run the program for a record; says how it went."""
        try:
            if time.time() - datetime.fromisoformat(record.time_utc).timestamp() > self._config.late_s:
                self._counts["late"] += 1
                problem = f"a record waited over {self._config.late_s:g} s; raise at_once or lower timeout_s"
            else:
                problem = await self._run(record)
                self._counts["failed" if problem else "sent"] += 1
            name = self._config.arguments[0]
            self.say(not problem, "failing" if problem else "running", f"{name}: {problem}" if problem else name)
        finally:
            self.free.release()

    async def _run(self, record: Record) -> str:
        """ "" or what went wrong."""
        try:
            process = await asyncio.create_subprocess_exec(
                *[filled(a, record) for a in self._config.arguments],
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env=_environment(self._config, record),
                start_new_session=True,
            )
        except (OSError, ValueError) as e:
            reason = getattr(e, "strerror", None) or str(e)
            return f"cannot be run ({reason}); give the whole path of a program that is executable"
        try:
            async with asyncio.timeout(self._config.timeout_s):
                return await _finish(process, record.to_json())
        except TimeoutError:
            return f"ran longer than {self._config.timeout_s:g} s and was ended"
        finally:
            await _end(process)


async def _finish(process: asyncio.subprocess.Process, line: str) -> str:
    """Its end: "" for exit code 0, else the code and its last words."""
    assert process.stdin is not None and process.stderr is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(line.encode() + b"\n")
        await process.stdin.drain()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.close()
    said = b""
    while part := await process.stderr.read(4096):
        said = (said + part)[-_SAID_BYTES:]
    code = await process.wait()
    words = said.decode("utf-8", "replace").strip().splitlines()
    return f"exit code {code}{': ' + words[-1][:200] if words else ''}" if code else ""


async def _end(process: asyncio.subprocess.Process) -> None:
    """Nothing of it is left: neither it nor a child that kept its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def filled(argument: str, record: Record) -> str:
    """The argument with the record's values in their places; what a value holds is never looked at again."""
    values = _values(record)
    return _PLACE.sub(lambda place: values[place[1]], argument)


def _values(record: Record) -> dict[str, str]:
    # A zero ends an argument early; nothing that we make has one, but a label comes from a file.
    return {name: str(getattr(record, name)).replace("\0", "") for name in FIELDS}


def _environment(config: Config, record: Record) -> dict[str, str]:
    inherited: dict[str, Any] = {k: v for k, v in os.environ.items() if not k.startswith(_HIDDEN)}
    ours = {f"{_HIDDEN}{name.upper()}": value for name, value in _values(record).items()}
    return inherited | ours | config.environment
