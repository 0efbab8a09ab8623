"""A whole daemon in the test's process: its configuration, its run with steps that act on it meanwhile."""

from __future__ import annotations

import asyncio
import time

from edge.daemon.config import load
from edge.daemon.ear import Audio
from edge.daemon.outside import Outside
from edge.daemon.service import Service


class Notes:
    """systemd's part."""

    def __init__(self):
        self.said = []

    def __getattr__(self, name):
        return lambda *words: self.said.append(name)


def text(folder, *models, more=""):
    """A configuration; each model a name or (name, further lines)."""
    tasks = [(m, "") if isinstance(m, str) else m for m in models]
    blocks = [f'[[task]]\nmodel = "{folder / name}"\n{lines}\n' for name, lines in tasks]
    return f'[store]\nfolder = "{folder / "state"}"\n[page]\nenabled = false\n{more}\n' + "".join(blocks)


def service(folder, script, *models, more="", endless=False, **outside):
    path = folder / "nuthatch.toml"
    path.write_text(text(folder, *models, more=more))
    outside.setdefault("audio", lambda section: Audio(script, "test", endless))
    return Service(load(path, {}), Outside(lambda: load(path, {}), (path,), notify=Notes(), **outside))


def run(made, *steps):
    """Run it; the steps are coroutines that act on it meanwhile. -> all records."""
    feed = made.records.feed("test", 100_000)

    async def together():
        running = asyncio.create_task(made.run())
        try:
            for step in steps:
                await step(made)
        finally:
            if steps:
                made.stop()
            await running

    asyncio.run(asyncio.wait_for(together(), 30))
    return feed.take()


async def until(condition, limit_s=15.0):
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.01)


def events(records, model):
    return [(r.label, r.time_s) for r in records if r.model == model]
