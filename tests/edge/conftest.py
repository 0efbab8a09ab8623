"""A bundle, sounds and the command, for all tests below."""

import os
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import soundfile

ROOT = Path(__file__).parents[2]
# The hand-written models are imported by name from every folder below.
sys.path.insert(0, str(Path(__file__).parent))

import bursts  # noqa: E402
import tiny_model  # noqa: E402
import tiny_picture  # noqa: E402


@pytest.fixture(scope="session")
def bundle_path(tmp_path_factory):
    """A model that hears "loud": the mean feature of 12 frames, a step of 3."""
    return tiny_model.loudness_bundle(tmp_path_factory.mktemp("bundles") / "loudness")


@pytest.fixture(scope="session")
def red_path(tmp_path_factory):
    """A model for pictures of 64 x 64 pixels that takes what is red for a person."""
    return tiny_picture.red_bundle(tmp_path_factory.mktemp("bundles") / "red")


@pytest.fixture(scope="session")
def v4l2_library(tmp_path_factory):
    """To preload: answers for a camera (v4l2_device.Device)."""
    if shutil.which("gcc") is None or not sys.platform.startswith("linux"):
        pytest.skip("needs gcc on Linux")
    import v4l2_device

    return v4l2_device.build(tmp_path_factory.mktemp("v4l2"))


@pytest.fixture(scope="session")
def interruptible():
    """For Popen's preexec_fn: a child of a background job inherits that SIGINT is ignored."""
    return lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="session")
def samples():
    """Two bursts of noise, at 1.0 and 3.0 s, 0.4 s each, in 4.4 s of near silence; int16 at 16 kHz."""
    return bursts.bursts()


@pytest.fixture(scope="session")
def wav(tmp_path_factory, samples):
    path = tmp_path_factory.mktemp("sounds") / "bursts.wav"
    soundfile.write(path, samples, 16_000)
    return path


@pytest.fixture(scope="session")
def command(tmp_path_factory):
    """(arguments, environment) that run ``nuthatch`` from this checkout, installed or not."""
    site = tmp_path_factory.mktemp("site")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    info = site / f"nuthatch-{project['version']}.dist-info"
    info.mkdir()
    optional = project["optional-dependencies"]
    extras = [f"{r}; extra == '{extra}'" for extra in ("train", "camera") for r in optional[extra]]
    requires = "".join(f"Requires-Dist: {r}\n" for r in project["dependencies"] + extras)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: nuthatch\nVersion: {project['version']}\n{requires}")
    verbs = "".join(f"{k} = {v}\n" for k, v in project["entry-points"]["nuthatch.verbs"].items())
    (info / "entry_points.txt").write_text(f"[nuthatch.verbs]\n{verbs}")
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(site), str(ROOT)]))
    return [sys.executable, "-c", "from edge.cli import main; main()"], environment


@pytest.fixture(scope="session")
def nuthatch(command):
    """Run the command to its end: (arguments, stdin bytes) -> completed process with text."""

    def run(*arguments, stdin=b"", **environment):
        done = subprocess.run(
            [*command[0], *map(str, arguments)],
            input=stdin,
            capture_output=True,
            env=command[1] | environment,
            timeout=120,
        )
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    return run
