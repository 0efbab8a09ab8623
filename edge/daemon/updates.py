"""Models that were added to this machine: a new version is noticed, and left again if the daemon cannot run it."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from edge.daemon.health import Health
from edge.manifest import Bundle
from edge.runtime.backend import open_picture
from edge.shelf import Shelf, ShelfError
from edge.tasks.task import TaskOptions, open_task

LOG = logging.getLogger("nuthatch")


class Updates:
    """The shelf as the daemon sees it."""

    def __init__(self, shelf: Shelf, health: Health) -> None:
        self.shelf, self._health = shelf, health
        self._stamp = shelf.stamp()

    def changed(self) -> bool:
        """Another version of some model is current; once for each change."""
        before, self._stamp = self._stamp, self.shelf.stamp()
        return self._stamp != before

    def open(self, name: str) -> Bundle:
        """An added model, a bundled one, or the bundle of a path. Raises BundleError."""
        return self.shelf.open(name)

    def leave_broken(self, names: Iterable[str]) -> bool:
        """Go back from every added model among these that cannot run; was there one that could be left?"""
        left = [name for name in dict.fromkeys(names) if self.shelf.has(name) and self._leave(name)]
        self._stamp = self.shelf.stamp()
        return bool(left)

    def _leave(self, name: str) -> bool:
        problem = self._problem(name)
        if not problem:
            return False
        try:
            before = self.shelf.rollback(name)
        except (ShelfError, OSError) as e:
            LOG.warning("%s cannot run (%s), and there is no way back: %s", name, problem, e)
            return False
        text = f"{problem}; {name} is {before.folder.name if before else 'the bundled one'} again"
        LOG.warning("model rolled back: %s", text)
        self._health.say(f"model/{name}", False, "rolled back", text)
        return True

    def _problem(self, name: str) -> str:
        """Why its current version cannot run, or ""."""
        try:
            bundle = self.shelf.open(name)
            if bundle.manifest.picture is None:
                open_task(bundle, TaskOptions())
            else:
                open_picture(bundle)
        except Exception as e:  # whatever it is, this version is not for this machine
            return " ".join(str(e).split()) or type(e).__name__
        return ""
