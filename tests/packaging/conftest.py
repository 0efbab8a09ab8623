"""What packaging needs from outside."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sources import run  # noqa: E402


@pytest.fixture(scope="session")
def index(tmp_path_factory):
    """Packages come from the index that pip is set up for."""
    folder = tmp_path_factory.mktemp("reach")
    done = run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, "cffi", check=False)
    if done.returncode != 0:
        pytest.skip("no package index can be reached")
