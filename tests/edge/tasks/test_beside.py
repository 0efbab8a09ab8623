"""Every bundled model that hears, beside all the others on the recording of the README: the same as alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.daemon.listen import Listener
from edge.manifest import bundled_names, open_bundle
from edge.source.file import File
from edge.tasks.task import open_task

KITCHEN = Path(__file__).parents[3] / "samples" / "kitchen.opus"
HEARING = [n for n in bundled_names() if open_bundle(n).manifest.picture is None]


@pytest.fixture(scope="module")
def kitchen():
    return np.concatenate(list(File(KITCHEN)))


def heard(names, samples, block):
    listener = Listener([open_task(open_bundle(n)) for n in names])
    parts = [listener.push(samples[i : i + block]) for i in range(0, len(samples), block)]
    return [e for part in [*parts, listener.finish()] for e in part], listener


@pytest.fixture(scope="module")
def together(kitchen):
    return heard(HEARING, kitchen, 960)


@pytest.mark.parametrize("name", HEARING)
def test_a_model_hears_beside_others_what_it_hears_alone(name, kitchen, together):
    alone, _ = heard([name], kitchen, 3_200)
    assert [e for e in together[0] if e.model == name] == alone


def test_front_ends_are_shared_where_the_configurations_agree(together):
    hashes = {open_bundle(n).manifest.frontend.hash for n in HEARING}
    assert {g.frontend.config.hash for g in together[1].groups} == hashes
    assert len(together[1].groups) == len(hashes) < len(HEARING)


def test_costs_are_counted_for_each_model(together, kitchen):
    for member in together[1].members:
        cost = member.cost.facts
        assert cost["steps"] > 0 and 0 < cost["real_time_factor"] < 1
        assert cost["audio_s"] > len(kitchen) / 16_000 - 0.001
