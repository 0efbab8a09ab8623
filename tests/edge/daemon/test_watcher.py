"""Frames to events and views; a network that fails shows nothing."""

from pathlib import Path

import numpy as np
import pytest
from tiny_picture import GREY, scene

from edge.daemon.watch import Show, Watcher
from edge.manifest import open_bundle
from edge.sink.scores import Scores, ScoresError
from edge.source.frame import Frame
from edge.tasks.portrait import PortraitTask
from edge.view.view import Options, open_view


class Kept(list):
    """An output and a sink in one."""

    def __call__(self, *what):
        self.append(what)

    def close(self):
        """Nothing to do."""


@pytest.fixture
def task(red_path):
    return PortraitTask(open_bundle(red_path))


def watched(task, scenes, **show):
    events, views, said = Kept(), Kept(), []
    viewer = open_view("replace", Options(show.get("hide", "person")))
    watcher = Watcher(task, [events], Show(viewer, views, **show), said.append)
    watcher.watch(Frame(rgb, i / 10, i) for i, rgb in enumerate(scenes))
    return watcher.counts, [e for (e,) in events], [v for v, _ in views], said


def red(view):
    return (view[..., 0] > 200).mean()


def test_events_and_views(task):
    counts, events, views, said = watched(task, [scene(side=0)] * 2 + [scene()] * 3)
    assert [e.label for e in events] == ["person"] and said == []
    assert (counts.pictures, counts.failed, counts.hidden) == (5, 0, 2)
    assert all(red(v) == 0 for v in views) and (views[4][0, 0] == GREY).all()
    assert counts.task_s > 0 and counts.view_s > 0


def test_an_empty_picture_on_request(task):
    _, _, views, _ = watched(task, [scene(side=0)], show_empty=True)
    assert (views[0] == GREY).all()


@pytest.mark.parametrize("hide", ["person", "background"])
def test_a_picture_on_which_the_network_fails_is_hidden(task, hide):
    whole = task._network.run
    calls = iter([True, False, False, True])

    def run(pixels):
        if not next(calls):
            raise RuntimeError("out of\nmemory")
        return whole(pixels)

    task._network.run = run
    counts, _, views, said = watched(task, [scene()] * 4, hide=hide, show_empty=True)
    assert counts.failed == 2 and len(views) == 4
    assert len(said) == 1 and "red: failed on picture 1 (out of memory)" in said[0]
    for hidden in views[1:3]:
        assert len(np.unique(hidden.reshape(-1, 3), axis=0)) == 1
    assert len(np.unique(views[3].reshape(-1, 3), axis=0)) > 1


def test_scores_that_cannot_be_written_are_no_failure_of_the_network(task):
    with pytest.raises(ScoresError, match="/dev/full: cannot be written"):
        task.report = Scores(Path("/dev/full"))
        watched(task, [scene()] * 200)


def test_without_a_view_only_events(task):
    events = Kept()
    Watcher(task, [events]).watch([Frame(scene(), 0.0, 0)])
    assert len(events) == 1
