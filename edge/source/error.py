"""What a source says of audio it cannot take."""


class SourceError(Exception):
    """Audio that cannot be had; the text names the thing and the remedy in one line."""

    state = "failed"
    """One word for health: failed, absent, busy, stopped."""


class DeviceAbsent(SourceError):
    """It is not there: unplugged, or never was."""

    state = "absent"


class DeviceBusy(SourceError):
    """Another program holds it."""

    state = "busy"


class DeviceStopped(SourceError):
    """It was open and gives no more samples."""

    state = "stopped"
