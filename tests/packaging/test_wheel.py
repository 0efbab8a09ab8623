"""The wheel, as a user gets it: installed where no compiler is, it hears what this checkout hears.

For aarch64 it is compiled across and run under user-mode emulation in a Debian root.
"""

import json
import os
import shutil
import sys
import venv
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sources import ROOT, build, run  # noqa: E402

MODELS = ("wake_alexa", "wake_computer", "commands12")
LITERT_IN_QEMU = "ai-edge-litert==2.1.6"
"""Later ones end in an illegal instruction under emulation, not on a Pi."""
LARGEST_DIFFERENCE = 16 / 256
"""Of a score between XNNPACK's kernels for two machines."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_500)]


def listen_arguments():
    models = [word for name in MODELS for word in ("--model", name)]
    return ["listen", *models, "--source", str(ROOT / "samples" / "kitchen.opus"), "--json"]


@pytest.fixture(scope="module")
def expected():
    """What this checkout hears."""
    done = run(sys.executable, "-c", "from edge.cli import main; main()", *listen_arguments())
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(events) > 3
    return events


def assert_same(text, expected):
    heard = [json.loads(line) for line in text.splitlines()]
    assert [(e["time_s"], e["label"], e["model"]) for e in heard] == [
        (e["time_s"], e["label"], e["model"]) for e in expected
    ]
    assert all(abs(a["score"] - b["score"]) <= LARGEST_DIFFERENCE for a, b in zip(heard, expected, strict=True))


def test_a_wheel_needs_no_compiler_and_hears_the_same(tmp_path, index, expected):
    wheel = build(tmp_path)
    assert "cp311-abi3-linux" in wheel.name and wheel.stat().st_size < 5_000_000
    venv.create(tmp_path / "venv", with_pip=True)
    bare = {"PATH": str(tmp_path / "venv" / "bin"), "CC": "/bin/false", "PYTHONPATH": ""}
    python, nuthatch = tmp_path / "venv/bin/python", tmp_path / "venv/bin/nuthatch"
    constraints = ["-c", ROOT / "constraints.txt"]
    run(python, "-m", "pip", "install", "-q", "--only-binary=:all:", *constraints, f"{wheel}[daemon]", environment=bare)
    assert_same(run(nuthatch, *listen_arguments(), environment=bare).stdout, expected)
    (tmp_path / "nuthatch.toml").write_text("[[task]]\nmodel = 'wake_alexa'\n")
    run(nuthatch, "config", "check", "--config", tmp_path / "nuthatch.toml", environment=bare)
    static = next((tmp_path / "venv").glob("lib/python*/site-packages/edge/daemon/page/static"))
    assert (static / "index.html").is_file()


@pytest.fixture(scope="module")
def debian_arm64(tmp_path_factory):
    """A Debian root for aarch64 with Python, unpacked and never started."""
    for program in ("debootstrap", "qemu-aarch64-static", "aarch64-linux-gnu-gcc"):
        if shutil.which(program) is None:
            packages = "debootstrap qemu-user-static gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
            pytest.skip(f"{program} is not installed; apt install {packages}")
    if os.geteuid() != 0:
        pytest.skip("debootstrap needs root")
    root = tmp_path_factory.mktemp("arm64") / "root"
    options = ["--foreign", "--variant=minbase", "--arch=arm64", "--include=python3"]
    done = run("debootstrap", *options, "bookworm", root, check=False)
    if done.returncode != 0:
        pytest.skip(f"no Debian archive can be reached: {(done.stdout + done.stderr).splitlines()[-1:]}")
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        run("dpkg-deb", "--extract", package, root)
    return root


def test_the_wheel_for_aarch64_hears_the_same_in_a_debian_root(tmp_path, index, debian_arm64, expected):
    cross = "aarch64-linux-gnu-gcc"
    tools = {"CC": cross, "LDSHARED": f"{cross} -shared", "_PYTHON_HOST_PLATFORM": "linux-aarch64"}
    wheel = build(tmp_path, tools)
    assert wheel.name.endswith("cp311-abi3-linux_aarch64.whl")
    site = debian_arm64 / "opt" / "site"
    platforms = ["linux_aarch64", "manylinux2014_aarch64", *(f"manylinux_2_{n}_aarch64" for n in range(17, 37))]
    target = [f"--platform={p}" for p in platforms] + ["--python-version=3.11", "--implementation=cp"]
    target += ["--abi=cp311", "--abi=abi3", "--abi=none", "--only-binary=:all:", f"--target={site}"]
    run(sys.executable, "-m", "pip", "install", "-q", *target, wheel, LITERT_IN_QEMU)
    emulator = ["qemu-aarch64-static", "-cpu", "cortex-a72", "-L", debian_arm64, "-E", f"PYTHONPATH={site}"]
    program = [debian_arm64 / "usr/bin/python3.11", "-P", "-c", "from edge.cli import main; main()"]
    done = run(*emulator, *program, *listen_arguments())
    assert_same(done.stdout, expected)
