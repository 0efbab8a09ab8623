"""The names of everything on the broker."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

SEEN_AS = "nuthatch"


def slug(text: str) -> str:
    """Letters, digits, - and _ only: safe in a topic and in an entity's id; different texts stay different."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", text)
    return plain if plain == text and plain else f"{plain}_{zlib.crc32(text.encode()):08x}"


@dataclass(frozen=True)
class Topics:
    """``<base>/<device>/...`` and Home Assistant's ``<discovery>/<component>/<device>/<entity>/config``."""

    base: str
    discovery: str
    device_id: str

    @property
    def root(self) -> str:
        return f"{self.base}/{slug(self.device_id)}"

    @property
    def node(self) -> str:
        """The device's name for programs, also where others have theirs."""
        device = slug(self.device_id)
        return device if device.startswith(SEEN_AS) else f"{SEEN_AS}_{device}"

    @property
    def availability(self) -> str:
        return f"{self.root}/availability"

    @property
    def mute(self) -> str:
        return f"{self.root}/mute"

    @property
    def health(self) -> str:
        return f"{self.root}/health"

    @property
    def level(self) -> str:
        return f"{self.root}/level"

    def event(self, model: str) -> str:
        """What a model hears, as it hears it."""
        return f"{self.root}/{slug(model)}/event"

    def late(self, model: str) -> str:
        """The same, of what is too old to act on."""
        return f"{self.root}/{slug(model)}/late"

    def state(self, model: str) -> str:
        return f"{self.root}/{slug(model)}/state"

    def score(self, model: str) -> str:
        return f"{self.root}/{slug(model)}/score"

    def threshold(self, model: str, label: str) -> str:
        return f"{self.root}/{slug(model)}/{slug(label)}/threshold"

    def config(self, component: str, entity: str) -> str:
        return f"{self.discovery}/{component}/{self.node}/{entity}/config"

    @property
    def configs(self) -> str:
        """All of this device's, for subscribing."""
        return f"{self.discovery}/+/{self.node}/+/config"


def set_of(topic: str) -> str:
    """Where the value of a topic is asked to change."""
    return f"{topic}/set"
