"""The card's clock against the machine's, whatever the blocks' delays are."""

import numpy as np
import pytest

from edge.daemon.drift import Drift


@pytest.mark.parametrize("ppm", [0, 60, -200])
@pytest.mark.parametrize("minutes", [2, 60])
def test_late_blocks_do_not_look_like_a_slow_clock(ppm, minutes):
    rng, drift = np.random.default_rng(ppm + 1_000), Drift()
    for i in range(1_000 * minutes):
        late_s = rng.exponential(0.008) + (0.3 if rng.random() < 0.01 else 0.0)
        drift.add(960, 5_000.0 + i * 0.06 / (1 + ppm * 1e-6) + late_s)
    assert drift.ppm == pytest.approx(ppm, abs=15 if minutes == 2 else 1)


def test_a_minute_must_pass():
    drift = Drift()
    for i in range(1_000):
        drift.add(960, i * 0.06)
    assert drift.ppm is None
