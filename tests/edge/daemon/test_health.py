"""Parts say how they are; only changes are told on."""

from __future__ import annotations

from edge.daemon.health import Health


def test_a_change_is_told_once():
    told = []
    health = Health(lambda part, status: told.append((part, status.ok, status.state)))
    for level in (1, 2, 3):
        health.say("audio", True, "hearing", level_dbfs=-level)
    health.say("audio", False, "reopening", "microphone x: gone; plug it in")
    assert told == [("audio", True, "hearing"), ("audio", False, "reopening")]
    assert health.parts["audio"].facts == {} and not health.ok


def test_a_state_keeps_its_beginning():
    health = Health()
    health.say("store", True, "writing", rows=1)
    since = health.parts["store"].since_s
    health.say("store", True, "writing", rows=2)
    assert health.parts["store"].since_s == since and health.parts["store"].facts == {"rows": 2}
    health.forget("store")
    assert health.parts == {} and health.ok
