"""Somebody comes, is lost for a picture, goes."""

from edge.decide.presence import Presence


def states(shares, rate_hz=10):
    presence = Presence(0.02)
    return [(presence.update(s, i / rate_hz), presence.present, presence.held) for i, s in enumerate(shares)]


def test_comes_at_once_and_goes_after_half_a_second():
    found = states([0.0] * 3 + [0.05] * 4 + [0.0] * 8)
    assert [i for i, (changed, _, _) in enumerate(found) if changed] == [3, 11]
    assert [present for _, present, _ in found] == [False] * 3 + [True] * 8 + [False] * 4


def test_a_person_lost_for_three_pictures_has_not_gone():
    found = states([0.05] * 3 + [0.0] * 3 + [0.05] * 3)
    assert sum(changed for changed, _, _ in found) == 1
    assert [held for _, _, held in found] == [False] * 3 + [True] * 3 + [False] * 3


def test_a_share_at_the_threshold_does_not_flutter():
    found = states([0.021, 0.019, 0.012, 0.021, 0.011, 0.019] * 4)
    assert sum(changed for changed, _, _ in found) == 1 and not any(held for _, _, held in found)


def test_less_than_the_threshold_is_nobody():
    assert not any(present for _, present, _ in states([0.019] * 20))
