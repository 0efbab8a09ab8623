"""Hardware layers of real boards: compiled as strictly as can be, run where an emulator knows the chip."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

if shutil.which("arm-none-eabi-gcc") is None:
    collect_ignore_glob = ["test_hal_images.py", "test_rp2040*.py", "test_stm32.py", "test_arduino.py"]


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for linked programs."""
    return tmp_path_factory.mktemp("images")
