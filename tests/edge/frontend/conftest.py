"""Fixtures over the signals and configurations of frontend_signals.py."""

import sys
from pathlib import Path

import pytest

# The signals are imported by name from every file of this folder.
sys.path.insert(0, str(Path(__file__).parent))

import frontend_signals  # noqa: E402
from frontend_signals import CONFIGS, SIGNALS  # noqa: E402


@pytest.fixture(params=CONFIGS, scope="session")
def config(request):
    return CONFIGS[request.param]


@pytest.fixture(params=SIGNALS, scope="session")
def signal(request):
    return SIGNALS[request.param]()


@pytest.fixture(scope="session")
def speech():
    return frontend_signals.speech()


@pytest.fixture(scope="session")
def scene():
    return CONFIGS["scene"]


@pytest.fixture(scope="session")
def lcg():
    return frontend_signals.lcg()
