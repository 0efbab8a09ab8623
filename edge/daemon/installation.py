"""The service on a machine: its unit, its folders, and systemd told of them. Nothing here asks a question."""

from __future__ import annotations

import grp
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.daemon.config_error import ConfigError
from edge.daemon.unit import GROUPS, HOMES, Unit, these_programs, this_command

NAME = "nuthatch"
SYSTEM_CONFIG = Path("/etc/nuthatch/config.toml")
SECRETS = Path("/etc/nuthatch/secrets")


class ServiceError(Exception):
    """What keeps the service from being installed or asked; one line with the remedy."""


@dataclass(frozen=True)
class Installation:
    """Of the machine, or of the user who asks; ``root`` is another machine's file system (an image, a test)."""

    is_user: bool = False
    config: Path | None = None
    root: Path | None = None

    @property
    def unit_path(self) -> Path:
        if self.is_user:
            return _user_config() / "systemd" / "user" / f"{NAME}.service"
        return self._at(Path("/etc/systemd/system") / f"{NAME}.service")

    @property
    def config_path(self) -> Path:
        """As the service sees it."""
        own = _user_config() / NAME / "config.toml" if self.is_user else SYSTEM_CONFIG
        return self.config.absolute() if self.config else own

    @property
    def unit(self) -> Unit:
        here = {g.gr_name for g in grp.getgrall()}
        groups = [g for g in GROUPS if g in here]
        return Unit(this_command(), self.config_path, self.is_user, groups, these_programs())

    @property
    def commands(self) -> list[list[str]]:
        """What systemd is told after the files are there."""
        if self.root:
            return [["systemctl", f"--root={self.root}", "enable", NAME]]
        return [self._systemctl("daemon-reload"), self._systemctl("enable", "--now", NAME)]

    def plan(self) -> list[str]:
        """What ``install`` would do, a line each."""
        lines = [f"write {self.unit_path}"]
        if not self._at(self.config_path).exists():
            lines.append(f"write {self._at(self.config_path)}: an example")
        if not self.is_user:
            lines.append(f"make {self._at(SECRETS)}: root's alone, for tokens and passwords")
        return lines + [f"run {shlex.join(c)}" for c in self.commands]

    def install(self) -> None:
        """Raises ServiceError or ConfigError; a configuration that is there stays as it is."""
        self._require_rights()
        self._prepare_config()
        if not self.is_user:
            self._at(SECRETS).mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(self.unit_path, self.unit.text())
        for command in self.commands:
            run(command)

    def uninstall(self) -> None:
        """The unit goes; configuration and state stay."""
        self._require_rights()
        if not self.unit_path.exists():
            raise ServiceError(f"{self.unit_path}: not installed; nothing to do")
        if self.root:
            run(["systemctl", f"--root={self.root}", "disable", NAME])
        else:
            run(self._systemctl("disable", "--now", NAME))
        self.unit_path.unlink()
        if not self.root:
            run(self._systemctl("daemon-reload"))

    def status(self) -> dict[str, str]:
        """What systemd knows: state, the service's own line, memory, restarts."""
        asked = "LoadState,ActiveState,SubState,StatusText,MainPID,MemoryCurrent,NRestarts,ActiveEnterTimestamp"
        text = run(self._systemctl("show", NAME, f"--property={asked}"))
        return dict(line.partition("=")[::2] for line in text.splitlines() if "=" in line)

    def logs_command(self, lines: int, follow: bool) -> list[str]:
        scope = ["--user"] if self.is_user else []
        return ["journalctl", *scope, "--unit", NAME, "--no-pager", f"--lines={lines}", *(["--follow"] * follow)]

    @property
    def exposed(self) -> list[str]:
        """A line for each secret that others can read in the configuration."""
        from edge.daemon.config import load
        from edge.daemon.secret import exposed

        path = self._at(self.config_path)
        return exposed(load(path, {}), path)

    def _systemctl(self, *arguments: str) -> list[str]:
        return ["systemctl", *(["--user"] if self.is_user else []), "--no-ask-password", *arguments]

    def _require_rights(self) -> None:
        if not self.is_user and not self.root and os.geteuid() != 0:
            raise ServiceError("the machine's service needs root; sudo nuthatch service ..., or your own with --user")

    def _prepare_config(self) -> None:
        """There is one, it is right, and the service will be able to read it."""
        from edge.daemon.config import load
        from edge.daemon.config_example import example

        path, seen = self._at(self.config_path), self.config_path
        if not self.is_user and any(seen.is_relative_to(h) for h in HOMES):
            raise ServiceError(f"{seen}: the service sees no home directory; cp {seen} {SYSTEM_CONFIG}, no --config")
        if not path.exists() and self.config:
            raise ServiceError(f"{path}: no such file; nuthatch config example > {path}")
        if not path.exists():
            _write(path, example())
        try:
            load(path, {})
        except ConfigError as e:
            raise ServiceError(f"{e}; nothing was installed") from None
        if not self.is_user and not path.stat().st_mode & 0o004:
            raise ServiceError(f"{path}: others cannot read it; put secrets in {SECRETS} and chmod 644 {path}")

    def _at(self, path: Path) -> Path:
        return self.root / path.relative_to("/") if self.root and path.is_absolute() else path


def _user_config() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()


def _write(path: Path, text: str) -> None:
    """Whole or not at all, readable by all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_text(text, "utf-8")
        new.chmod(0o644)
        new.replace(path)
    except OSError as e:
        raise ServiceError(f"{path}: cannot be written ({e.strerror})") from None


def run(command: Sequence[str]) -> str:
    """Its output; raises ServiceError with the last line of its complaint."""
    if shutil.which(command[0]) is None:
        raise ServiceError(f"{command[0]} is not here: no systemd; start nuthatch run by what this machine has")
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        raise ServiceError(f"{shlex.join(command)}: {words[-1]}")
    return done.stdout
