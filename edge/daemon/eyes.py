"""The tasks that look, as the configuration wants them. Where none does, none of their libraries is loaded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from edge.daemon.health import Health
from edge.daemon.record import Record
from edge.manifest import Bundle, BundleError, open_bundle

if TYPE_CHECKING:
    from edge.daemon.eye import Eye


class Eyes:
    """Those of ``before`` that are still wanted, with nothing changed, go on.

    ``taken``: names of models that hear. Raises BundleError, ModelFileError, or ModuleNotFoundError where the extra
    ``camera`` is not installed.
    """

    def __init__(
        self,
        sections: Sequence[Any],
        before: Eyes | None = None,
        health: Health | None = None,
        realtime: bool = True,
        taken: Collection[str] = (),
        find: Callable[[str], Bundle] = open_bundle,
    ) -> None:
        self._eyes: list[Eye] = []
        names = set(taken)
        for section in sections:
            if not section.enabled or (bundle := find(section.model)).manifest.picture is None:
                continue
            if bundle.manifest.name in names:
                raise BundleError(f"two models are named {bundle.manifest.name}; leave one")
            names.add(bundle.manifest.name)
            kept = next((e for e in before or () if (e.section, e.bundle) == (section, bundle)), None)
            self._eyes.append(kept or self._open(section, bundle, health, realtime))

    @staticmethod
    def _open(section: Any, bundle: Any, health: Health | None, realtime: bool) -> Eye:
        from edge.daemon.eye import Eye

        return Eye(section, bundle, health or Health(), realtime)

    def __len__(self) -> int:
        return len(self._eyes)

    def __contains__(self, eye: object) -> bool:
        return eye in self._eyes

    def __iter__(self) -> Iterator[Eye]:
        return iter(self._eyes)

    def start(self, told: Callable[[Record], None], ended: Callable[[], None]) -> None:
        """Those that do not look yet."""
        for eye in self._eyes:
            eye.start(told, ended)

    def stop(self, but: Collection[Eye] = ()) -> None:
        """All that are not among ``but``."""
        for eye in self._eyes:
            if eye not in but:
                eye.stop()
