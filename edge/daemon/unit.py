"""The service's unit for systemd: of the machine, hardened, or of one user."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

GROUPS = ("audio", "video", "gpio")
"""Whose devices it opens; a group that the machine has not would keep the unit from starting."""
HOMES = (Path("/home"), Path("/root"), Path("/run/user"))


@dataclass(frozen=True)
class Unit:
    """What differs from machine to machine."""

    command: Path
    """The ``nuthatch`` that it runs."""
    config: Path
    is_user: bool = False
    groups: Sequence[str] = ()
    """Of GROUPS, those that are there."""
    programs: Sequence[Path] = ()
    """Folders that Python and nuthatch lie in; those in a home directory are shown to the service read-only."""
    memory_mb: int = 512
    tasks: int = 64

    def text(self) -> str:
        """The unit file."""
        return _USER.format(**self._words) if self.is_user else _SYSTEM.format(**self._words)

    @property
    def _words(self) -> dict[str, str]:
        in_homes = [p for p in self.programs if any(p.is_relative_to(h) for h in HOMES)]
        # tmpfs: of the homes the service sees nothing but these folders
        home = "\n".join(["ProtectHome=tmpfs", *(f"BindReadOnlyPaths={_quoted(p)}" for p in in_homes)])
        return {
            "command": _quoted(self.command),
            "config": _quoted(self.config),
            "groups": " ".join(self.groups),
            "home": home if in_homes else "ProtectHome=yes",
            "memory_mb": str(self.memory_mb),
            "tasks": str(self.tasks),
        }


def _quoted(path: Path) -> str:
    """A path in a unit: % begins a specifier, $ a variable, and spaces need quotes."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if any(c in text for c in " \\\"';") else text


def this_command() -> Path:
    """The ``nuthatch`` beside the Python that runs now."""
    return Path(sys.executable).parent / "nuthatch"


def these_programs() -> list[Path]:
    """Where Python, its packages and nuthatch itself lie: the outermost folders."""
    found = {Path(p).resolve() for p in (sys.prefix, sys.base_prefix, Path(__file__).parents[2])}
    return sorted(p for p in found if not any(other in p.parents for other in found))


_START = """\
[Unit]
Description=Nuthatch: models that hear
Documentation=man:systemd.service(5)
{after}
# Never give up: a microphone may come back after a week.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={command} run --config {config}
ExecReload=/bin/kill -HUP $MAINPID
# Kicked only while audio frames advance.
WatchdogSec=30
TimeoutStartSec=120
TimeoutStopSec=15
Restart=always
RestartSec=2
StateDirectory=nuthatch
StateDirectoryMode=0700
RuntimeDirectory=nuthatch
UMask=0077
Environment=PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
MemoryMax={memory_mb}M
TasksMax={tasks}
LimitNOFILE=4096
LimitCORE=0

NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
# Netlink: zeroconf asks it for the machine's addresses.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
# Not MemoryDenyWriteExecute: libffi makes the audio callback's entry at run time.
"""

_SYSTEM = _START.replace("{after}", "Wants=network-online.target\nAfter=network-online.target sound.target") + (
    """\
DynamicUser=yes
SupplementaryGroups={groups}
# Files of this folder (root's, mode 0600) are handed to the service alone: token_file = "<name>".
LoadCredential=secrets:/etc/nuthatch/secrets
CapabilityBoundingSet=
ProtectSystem=strict
{home}
PrivateTmp=yes
# Sound cards, cameras, GPIO lines; no disk, no memory, no terminal.
DevicePolicy=closed
DeviceAllow=char-alsa rw
DeviceAllow=char-video4linux rw
DeviceAllow=char-media rw
DeviceAllow=char-gpiochip rw
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes

[Install]
WantedBy=multi-user.target
"""
)

_USER = _START.replace("{after}", "After=pipewire.service pipewire-pulse.service pulseaudio.service") + (
    """
[Install]
WantedBy=default.target
"""
)
