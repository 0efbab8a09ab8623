"""`nuthatch model info` of a model that sees."""

from tiny_picture import red_bundle

from edge.cli.card import card
from edge.manifest import open_bundle


def test_a_card_of_a_model_for_pictures_says_nothing_of_sound(tmp_path):
    bundle = open_bundle(red_bundle(tmp_path / "red", 48, 64, rate_hz=5.0, presence=0.02))
    bundle.manifest.training.update(parameters=1200, macs=34_000)
    text = card(bundle)
    assert "64 x 48 pixels, RGB, at most 5 a second" in text and "from 2.0% of the picture on" in text
    assert "1,200 parameters, 34,000 multiply-accumulates" in text
    for sound in ("front end", "window", "decision", "operating point", "ms"):
        assert sound not in text.replace(str(tmp_path), "")
