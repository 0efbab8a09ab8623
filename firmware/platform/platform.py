"""PlatformIO's view of this platform."""

from platformio.public import PlatformBase


class NuthatchPlatform(PlatformBase):
    """Every program, also one of this machine, runs behind a socket: `pio test` and `upload` treat all alike."""

    def is_embedded(self) -> bool:
        return True
