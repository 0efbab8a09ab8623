"""Fixtures over the signals and configurations of frontend_signals.py."""

import frontend_signals
import numpy as np
import pytest
from frontend_signals import CONFIGS, SIGNALS
from numpy.typing import NDArray

from edge.frontend import FrontendConfig


@pytest.fixture(params=CONFIGS, scope="session")
def config(request: pytest.FixtureRequest) -> FrontendConfig:
    return CONFIGS[request.param]


@pytest.fixture(params=SIGNALS, scope="session")
def signal(request: pytest.FixtureRequest) -> NDArray[np.int16]:
    return SIGNALS[request.param]()


@pytest.fixture(scope="session")
def speech() -> NDArray[np.int16]:
    return frontend_signals.speech()


@pytest.fixture(scope="session")
def scene() -> FrontendConfig:
    return CONFIGS["scene"]


@pytest.fixture(scope="session")
def lcg() -> NDArray[np.int16]:
    return frontend_signals.lcg()
