"""nuthatch service: the unit that systemd would take, where it is put, and never a question."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.daemon.unit import Unit

needs_systemd_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed; apt install systemd"
)
LARGEST_EXPOSURE = 20
"""Tenths, of systemd-analyze security: 100 is open, under 20 is its best word but one."""


@pytest.fixture
def systemctl(tmp_path):
    """PATH with a systemctl and a journalctl that write down how they were called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("systemctl", "journalctl"):
        program = folder / name
        answer = f"cat {tmp_path}/answer 2>/dev/null || true"
        program.write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/called\n{answer}\n')
        program.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "XDG_CONFIG_HOME": str(tmp_path / "home")}


def called(tmp_path):
    return (tmp_path / "called").read_text().splitlines()


def unit_in(folder, **kinds):
    path = folder / "nuthatch.service"
    path.write_text(Unit(Path("/bin/true"), Path("/etc/nuthatch/config.toml"), **kinds).text())
    return path


@needs_systemd_analyze
@pytest.mark.parametrize("is_user", [False, True])
@pytest.mark.parametrize("programs", [(), (Path("/home/a user/100%"),)])
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path, is_user, programs):
    path = unit_in(tmp_path, is_user=is_user, groups=("audio",), programs=programs)
    done = subprocess.run(
        ["systemd-analyze", *(["--user"] if is_user else []), "verify", "--man=no", str(path)],
        capture_output=True,
        text=True,
        env=dict(os.environ, XDG_RUNTIME_DIR=str(tmp_path)),
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd_analyze
def test_the_unit_is_hardened(tmp_path):
    path = unit_in(tmp_path, groups=("audio", "video"))
    limit = f"--threshold={LARGEST_EXPOSURE}"
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", limit, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "WatchdogSec=30" in path.read_text() and "DynamicUser=yes" in path.read_text()


def test_the_dry_run_prints_the_unit_and_writes_nothing(nuthatch, tmp_path):
    done = nuthatch("service", "install", "--dry-run", "--root", tmp_path / "image")
    assert done.returncode == 0 and "[Service]" in done.stdout and "ProtectSystem=strict" in done.stdout
    assert "write " in done.stderr and "systemctl" in done.stderr and not (tmp_path / "image").exists()


def test_an_image_gets_unit_configuration_and_a_folder_for_secrets(nuthatch, tmp_path, systemctl):
    image = tmp_path / "image"
    done = nuthatch("service", "install", "--root", image, **systemctl)
    assert done.returncode == 0, done.stderr
    unit = (image / "etc/systemd/system/nuthatch.service").read_text()
    assert "run --config /etc/nuthatch/config.toml" in unit
    assert (image / "etc/nuthatch/secrets").stat().st_mode & 0o777 == 0o700
    assert nuthatch("config", "check", "--config", image / "etc/nuthatch/config.toml").returncode == 0
    assert called(tmp_path) == [f"systemctl --root={image} enable nuthatch"]
    assert nuthatch("service", "uninstall", "--root", image, **systemctl).returncode == 0
    assert not (image / "etc/systemd/system/nuthatch.service").exists()
    assert (image / "etc/nuthatch/config.toml").exists()


def test_a_users_service_needs_no_rights(nuthatch, tmp_path, systemctl):
    own = tmp_path / "home" / "nuthatch" / "config.toml"
    own.parent.mkdir(parents=True)
    own.write_text("[[task]]\nmodel = 'wake_alexa'\n")
    done = nuthatch("service", "install", "--user", **systemctl)
    assert done.returncode == 0, done.stderr
    unit = (tmp_path / "home/systemd/user/nuthatch.service").read_text()
    assert f"run --config {own}" in unit and "DynamicUser" not in unit and "WantedBy=default.target" in unit
    assert own.read_text().startswith("[[task]]")
    assert called(tmp_path) == [
        "systemctl --user --no-ask-password daemon-reload",
        "systemctl --user --no-ask-password enable --now nuthatch",
    ]
    assert nuthatch("service", "uninstall", "--user", **systemctl).returncode == 0
    again = nuthatch("service", "uninstall", "--user", **systemctl)
    assert again.returncode == 1 and "not installed" in again.stderr


def test_a_configuration_with_a_mistake_is_not_installed(nuthatch, tmp_path, systemctl):
    path = tmp_path / "bad.toml"
    path.write_text("[page]\nprot = 1\n")
    done = nuthatch("service", "install", "--config", path, "--user", **systemctl)
    assert done.returncode == 1 and f"{path}:2: page.prot" in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "called").exists() and not (tmp_path / "home").exists()


def test_status_and_logs_ask_systemd(nuthatch, tmp_path, systemctl):
    (tmp_path / "answer").write_text(
        "LoadState=loaded\nActiveState=active\nSubState=running\nStatusText=hearing\nMainPID=7\n"
        "MemoryCurrent=51000000\nNRestarts=2\nActiveEnterTimestamp=Sun 2026-11-22 17:00:00 UTC\n"
    )
    done = nuthatch("service", "status", **systemctl)
    assert done.returncode == 0 and "hearing" in done.stdout and "51 MB, 2 restarts" in done.stdout
    (tmp_path / "answer").write_text("LoadState=not-found\nActiveState=inactive\n")
    assert nuthatch("service", "status", **systemctl).returncode == 1
    nuthatch("service", "logs", "-n", "5", **systemctl)
    assert called(tmp_path)[-1] == "journalctl --unit nuthatch --no-pager --lines=5"


def test_without_systemd_it_is_one_line(nuthatch, tmp_path):
    done = nuthatch("service", "status", PATH=str(tmp_path))
    assert done.returncode == 1 and "no systemd" in done.stderr and done.stderr.count("\n") == 1
