"""The models that ship beside each other: a keyword, a scene, people in pictures; one stream, nothing lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from serving import run, service
from sounding import Script

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "edge" / "models"


@pytest.fixture(scope="module")
def sound():
    """int16: the kitchen, then the yard."""
    parts = [soundfile.read(ROOT / "samples" / f"{n}.opus", dtype="int16")[0] for n in ("kitchen", "yard")]
    return np.concatenate(parts)


def heard(folder, sound, *models):
    folder.mkdir()
    made = service(folder, Script([sound]), *models)
    records = run(made)
    return made, [(r.model, r.label, round(r.time_s, 2)) for r in records if r.model != "portrait"]


def test_a_keyword_a_scene_and_portraits_in_one_daemon(tmp_path, sound):
    (tmp_path / "pictures").mkdir()
    for i in range(6):
        grey = np.full((120, 160, 3), 40 * i, np.uint8)
        Image.fromarray(grey).save(tmp_path / "pictures" / f"{i}.png")
    hear = [str(SHIPPED / n) for n in ("wake_computer", "sounds10")]
    looks = (str(SHIPPED / "portrait"), f'source = "{tmp_path / "pictures"}"')
    alone, wanted = heard(tmp_path / "alone", sound, *hear)
    made, found = heard(tmp_path / "together", sound, *hear, looks)
    assert found == wanted
    assert {m for m, _, _ in found} == {"wake_computer", "sounds10"}
    assert "rooster" in {label for _, label, _ in found}
    audio = made.health.parts["audio"].facts
    assert audio["heard_s"] == pytest.approx(len(sound) / 16_000, abs=0.001)
    costs = {m.manifest.name: m.cost for m in made.models}
    assert set(costs) == {"wake_computer", "sounds10", "portrait"} and costs["portrait"]["steps"] == 6
    for key in ("inference_s", "steps"):
        assert made.cost[key] == pytest.approx(sum(c[key] for c in costs.values()), abs=1e-4)
        assert all(c[key] > 0 for c in costs.values())
    assert {m.manifest.name for m in alone.models} == {"wake_computer", "sounds10"}
