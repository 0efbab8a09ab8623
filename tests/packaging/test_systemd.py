"""The service under a real systemd: a Debian root that is booted, in which the unit must start and be watched."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sources import ROOT, build, run  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_500)]

PACKAGES = "systemd,systemd-sysv,dbus,python3,python3-venv,libportaudio2,procps"
SECRET = "0123456789abcdef0123"
CONFIG = """
[audio]
source = "/opt/kitchen.opus"
repeat = true
[[task]]
model = "wake_alexa"
[page]
token_file = "page_token"
"""
COMMAND = "#!/opt/nuthatch/bin/python3\nimport sys\nfrom edge.cli import main\nsys.exit(main())\n"
SCRIPT = """#!/bin/bash
exec > /opt/said 2>&1
export PATH=/opt/nuthatch/bin:$PATH
mkdir -p /etc/systemd/system/nuthatch.service.d
printf '[Service]\\nWatchdogSec=5\\n' > /etc/systemd/system/nuthatch.service.d/fast.conf
process() { systemctl show -p MainPID --value nuthatch; }
nuthatch service install; echo "installed $?"
sleep 16
nuthatch service status; echo "status $?"
grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/$(process)/status
ps -o user= -p $(process)
nsenter -t $(process) -m sh -c 'ls /home | wc -l; touch /etc/x || echo read-only; cat /run/credentials/*/*' \\
    | sed 's/^/inside: /'
python3 -c "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8765/healthz').read())"
sed -i 's/repeat = true/repeat = tru/' /etc/nuthatch/config.toml; sleep 3
sed -i 's/repeat = tru$/repeat = true/' /etc/nuthatch/config.toml; sleep 2
systemctl reload nuthatch; echo "reloaded $?"
kill -9 $(process); sleep 6; nuthatch service status
kill -STOP $(process); sleep 14; nuthatch service status
systemctl stop nuthatch; nuthatch service status; echo "stopped $?"
journalctl --no-pager --output=cat --unit nuthatch
nuthatch service uninstall; echo "uninstalled $?"
poweroff -f
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory, index):
    """What the script printed in the booted root."""
    for program, package in (("debootstrap", "debootstrap"), ("systemd-nspawn", "systemd-container")):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed; apt install {package}")
    if os.geteuid() != 0 or os.uname().machine != "x86_64":
        pytest.skip("booting a Debian root needs root, and a machine of its own kind")
    folder = tmp_path_factory.mktemp("debian")
    root = folder / "root"
    done = run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", root, check=False)
    if done.returncode != 0:
        pytest.skip(f"no Debian archive can be reached: {(done.stdout + done.stderr).splitlines()[-1:]}")
    furnish(root, build(folder))
    boot(root)
    yield (root / "opt/said").read_text()
    shutil.rmtree(root, ignore_errors=True)


def furnish(root, wheel):
    """nuthatch in /opt, its configuration with a secret, and the script as a service."""
    run("chroot", root, "python3", "-m", "venv", "--without-pip", "/opt/nuthatch")
    target = root / "opt/nuthatch/lib/python3.11/site-packages"
    options = ["--only-binary=:all:", "--python-version=3.11", "-c", ROOT / "constraints.txt", "--target", target]
    run(sys.executable, "-m", "pip", "install", "-q", *options, f"{wheel}[daemon]")
    shutil.copy(ROOT / "samples/kitchen.opus", root / "opt/kitchen.opus")
    write(root / "opt/nuthatch/bin/nuthatch", COMMAND, 0o755)
    write(root / "opt/try", SCRIPT, 0o755)
    write(root / "etc/nuthatch/config.toml", CONFIG, 0o644)
    write(root / "etc/nuthatch/secrets/page_token", SECRET, 0o600)
    unit = root / "etc/systemd/system/try.service"
    write(unit, "[Service]\nType=oneshot\nExecStart=/opt/try\n", 0o644)
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / "try.service").symlink_to("/etc/systemd/system/try.service")
    default = root / "etc/systemd/system/default.target"
    default.unlink(missing_ok=True)
    default.symlink_to("/lib/systemd/system/multi-user.target")


def write(path, text, mode):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def boot(root):
    command = ["systemd-nspawn", "--register=no", "--keep-unit", f"--directory={root}", "--boot"]
    log = root.parent / "boot.log"
    with log.open("w") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        try:
            process.wait(200)
        finally:
            process.terminate()
            process.wait(20)
    if not (root / "opt/said").exists():
        pytest.skip(f"no Debian root can be booted here: {log.read_text()[-300:]!r}")


def test_the_service_is_installed_and_hears(said):
    assert "installed 0" in said and "status 0" in said and "active (running)" in said
    assert "hearing: /opt/kitchen.opus" in said and "label=alexa" in said and b"alive".decode() in said


def test_it_has_no_rights_and_sees_little(said):
    assert "CapEff:\t0000000000000000" in said and "NoNewPrivs:\t1" in said and "Seccomp:\t2" in said
    assert "\nroot\n" not in said
    assert "inside: 0" in said and "inside: read-only" in said and f"inside: {SECRET}" in said


def test_a_broken_file_changes_nothing_and_a_mended_one_is_read(said):
    assert "/etc/nuthatch/config.toml:4: not TOML" in said and "reloaded 0" in said


def test_it_rises_after_a_kill_and_after_a_hang(said):
    assert "1 restarts" in said and "2 restarts" in said and "Failed with result 'watchdog'" in said


def test_it_ends_cleanly_and_its_secret_is_in_no_log(said):
    assert "stopped 1" in said and "uninstalled 0" in said and "Deactivated successfully" in said
    assert said.count(SECRET) == 1
