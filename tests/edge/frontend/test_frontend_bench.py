"""The front end's benchmark measures what it says; how fast that is, is for `nuthatch bench` to print."""

from edge.frontend.bench import measure


def test_it_measures_both_ways_of_pushing():
    speeds = measure(seconds=0.05)
    assert speeds["clip"] > 1
    assert speeds["push"] > 1
