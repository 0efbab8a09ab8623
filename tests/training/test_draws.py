"""Drawn features: the same bits again, and windows that hold what their label says."""

import numpy as np
import pytest

from edge.frontend import FrontendConfig
from training.augment.noise import add_noise, rms
from training.augment.spec_augment import spec_augment
from training.augment.speed import speed
from training.data.draws import Augment, Draws, epoch_rows
from training.data.wake_words import WakeWords


def draws(folder, clips, **changes):
    return Draws(clips, FrontendConfig(), 98, Augment(**changes), 0, folder)


@pytest.fixture(scope="module")
def clips(wake_folders):
    return WakeWords(wake_folders / "hey", "hey").clips


def test_a_draw_is_the_same_again_and_differs_from_the_next(tmp_path, clips):
    first = draws(tmp_path / "a", clips)
    again = draws(tmp_path / "b", clips)
    assert first(0).shape == (24, 98, 40)
    assert first(0).dtype == np.int8
    assert np.array_equal(first(0), again(0))
    assert not np.array_equal(first(0), first(1))


def test_a_cache_is_read_back(tmp_path, clips):
    x = np.array(draws(tmp_path, clips)(0))
    fresh = draws(tmp_path, clips)
    assert np.array_equal(fresh(0), x)
    assert not fresh._sounds, "the audio was read although the draw was there"


def test_a_cache_that_was_cut_is_made_again(tmp_path, clips):
    x = np.array(draws(tmp_path, clips)(0))
    (file,) = tmp_path.glob("*.npy")
    for length in (0, 100, 1000):
        file.write_bytes(file.read_bytes()[:length])
        assert np.array_equal(draws(tmp_path, clips)(0), x)


def test_other_options_are_another_cache(tmp_path, clips):
    assert draws(tmp_path, clips).key != draws(tmp_path, clips, shift_ms=1).key


def test_a_word_ends_before_its_window_does(tmp_path, clips):
    plain = draws(tmp_path, clips, word_tail_ms=(100, 100))
    x = plain.sound(0, None).astype(float)
    power = (x[: len(x) // 160 * 160].reshape(-1, 160) ** 2).mean(axis=1)
    assert power.argmax() < len(power) - 10
    assert power.argmax() > len(power) // 4


def test_noise_has_the_asked_ratio():
    rng = np.random.default_rng(1)
    x = np.sin(np.arange(16_000) * 0.1).astype(np.float32)
    noise = rng.standard_normal(16_000).astype(np.float32)
    y = add_noise(x, noise, rng, 10, 10)
    loud = np.sqrt(np.mean(np.sort(x**2)[len(x) // 2 :]))
    assert 20 * np.log10(loud / rms(y - x)) == pytest.approx(10, abs=0.01)


def test_speed_changes_length_and_pitch_together():
    x = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32)
    y = speed(x, np.random.default_rng(0), 1.1, 1.1)
    assert len(y) == pytest.approx(16_000 / 1.1, abs=2)
    peak_hz = np.abs(np.fft.rfft(y * np.hanning(len(y)))).argmax() * 16_000 / len(y)
    assert peak_hz == pytest.approx(1100, abs=3)


def test_spec_augment_masks_stripes_with_the_mean():
    torch = pytest.importorskip("torch")
    x = torch.randn(16, 1, 40, 98)
    y = spec_augment(x, torch.Generator().manual_seed(0), 6, 12)
    changed = (x != y).float().mean(dim=(1, 2, 3))
    assert 0 < changed.mean() < 0.6
    where = (x != y)[3, 0]
    assert torch.allclose(y[3, 0][where], x[3].mean().expand(int(where.sum())))


def test_weights_are_times_per_epoch():
    rows = epoch_rows([1.0, 0.0, 2.5, 0.3], np.random.default_rng(0))
    counts = np.bincount(rows[:, 0], minlength=4)
    assert counts[0] == 1
    assert counts[1] == 0
    assert counts[2] in (2, 3)
    assert set(rows[rows[:, 0] == 2, 1]) >= {0, 1}
