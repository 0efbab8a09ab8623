"""The whole daemon in one process: models, sinks, store, reload, mute. Sources and sinks are doubles, to fail."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
import types

import numpy as np
import pytest
import tiny_model
from bursts import bursts
from serving import Notes, events, run, service, text, until
from sounding import Script

from edge.daemon import keeper as keeper_module
from edge.daemon import service as module
from edge.daemon.config import load
from edge.daemon.ear import Audio
from edge.daemon.outside import Outside
from edge.daemon.service import Service, ServiceError
from edge.manifest import BundleError
from edge.shelf import Shelf
from edge.tasks.event import Event

EXPECTED_S = [1.16, 3.14]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "TURN_S", 0.05)


def test_models_side_by_side_say_what_each_says_alone(folder, samples):
    alone = {m: events(run(service(folder, Script([samples]), m)), m) for m in ("a", "b", "noise")}
    assert [t for _, t in alone["a"]] == EXPECTED_S and len(alone["noise"]) > 3
    records = run(service(folder, Script([samples]), "a", "b", "noise"))
    assert {m: events(records, m) for m in alone} == alone
    assert [r.time_s for r in records] == sorted(r.time_s for r in records)
    assert {r.task for r in records} == {"keyword", "scene"} and len({r.id for r in records}) == len(records)
    assert all(len(r.model_hash) == 12 and r.time_utc.endswith("Z") for r in records)


def test_what_it_is_and_what_it_costs(folder, samples):
    made = service(folder, Script([samples]), "a", "noise", more='[device]\nname = "kitchen"')
    run(made)
    keyword, scene = made.models
    assert (keyword.manifest.name, keyword.thresholds, keyword.state) == ("a", {"loud": 0.8}, "")
    assert scene.thresholds == {} and scene.folder == folder / "noise"
    assert keyword.cost["steps"] == 153 and keyword.cost["audio_s"] == pytest.approx(len(samples) / 16_000, abs=0.3)
    total = made.cost
    assert total["steps"] == keyword.cost["steps"] + scene.cost["steps"]
    assert total["inference_s"] == pytest.approx(keyword.cost["inference_s"] + scene.cost["inference_s"], abs=1e-4)
    assert total["frontend_s"] > 0 and 0 < total["real_time_factor"] < 0.5
    assert made.name == "kitchen" and made.device_id.startswith("nuthatch_")
    assert made.health.parts["task/a"].facts["steps"] > 0 and "real_time_factor" in made.health.parts["tasks"].facts


def test_the_store_has_what_was_heard(folder, samples):
    records = run(service(folder, Script([samples]), "a"))
    again = service(folder, Script([samples]), "a")
    assert [s.record.id for s in reversed(again.store.last(10))] == [r.id for r in records]
    again.store.close()


def test_nothing_to_run_is_refused(folder):
    with pytest.raises(ServiceError, match="no task"):
        service(folder, Script())
    with pytest.raises(BundleError, match="no such model"):
        service(folder, Script(), "none")
    with pytest.raises(BundleError, match="gate_labels"):
        service(folder, Script(), "a", ("b", f'gate = "{folder / "a"}"\ngate_labels = ["x"]'))
    with pytest.raises(ValueError, match="its targets are"):
        service(folder, Script(), ("a", "thresholds = { x = 0.5 }"))
    with pytest.raises(ValueError, match="names scenes"):
        service(folder, Script(), ("noise", "threshold = 0.5"))


def test_a_recording_that_breaks_off_fails_the_service(folder):
    made = service(folder, Script(), "a")
    with pytest.raises(Exception, match="microphone x: gone"):
        run(made)


def test_a_threshold_that_was_set_holds_after_a_restart(folder, samples):
    async def lower(made):
        made.set_threshold("a", "loud", 0.9999)
        with pytest.raises(ValueError, match="no target"):
            made.set_threshold("a", "x", 0.5)
        with pytest.raises(ValueError, match="outside"):
            made.set_threshold("a", "loud", 1.5)
        with pytest.raises(ValueError, match="no model"):
            made.set_threshold("noise", "loud", 0.5)

    run(service(folder, Script([samples, 60]), "a", endless=True), lower)
    again = service(folder, Script([samples]), "a")
    assert again.models[0].thresholds == {"loud": 0.9999}
    assert run(again) == []
    changed = service(folder, Script([samples]), ("a", "threshold = 0.7"))
    assert changed.models[0].thresholds == {"loud": 0.7}
    changed.store.close()


def test_muting_holds_after_a_restart_and_lets_nothing_through(folder, samples):
    async def mute(made):
        made.mute(True)
        assert made.muted == "switch"
        await until(lambda: made.ear.counts.samples == len(samples))

    assert run(service(folder, Script([0.3, samples, 60]), "a", endless=True), mute) == []
    again = service(folder, Script([samples]), "a")
    assert run(again) == [] and again.recent == b""
    assert again.muted == "switch"


def test_quiet_hours_mute(folder, samples):
    made = service(folder, Script([samples]), "a", more='[quiet]\nhours = ["00:00-23:59", "23:58-00:01"]')
    assert run(made) == [] and made.muted == "hours"


def test_a_pin_mutes_and_one_that_cannot_be_read_is_said(folder, samples, monkeypatch):
    class Button:
        is_pressed, closed = True, False

        def __init__(self, pin):
            assert pin == 17

        def close(self):
            Button.closed = True

    pin = "[quiet]\ngpio_pin = 17"
    monkeypatch.setitem(sys.modules, "gpiozero", types.SimpleNamespace(Button=Button))
    made = service(folder, Script([samples]), "a", more=pin)
    assert run(made) == [] and made.muted == "gpio" and Button.closed
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    made = service(folder, Script([samples]), "a", more=pin)
    assert len(run(made)) == 2
    assert "pip install gpiozero" in made.health.parts["quiet"].text and not made.health.parts["quiet"].ok


def test_reload_changes_thresholds_and_models_and_loses_no_audio(folder, samples):
    path = folder / "nuthatch.toml"

    async def change(made):
        await until(lambda: made.ear.counts.samples == 32_000)
        running = made.crew.running[0].task
        path.write_text(text(folder, ("a", "threshold = 0.5"), "b", "noise"))
        await until(lambda: len(made.models) == 3)
        assert made.crew.running[0].task is running and running.thresholds == {"loud": 0.5}
        await until(lambda: made.ear.counts.samples == len(samples))
        path.write_text(text(folder, "b"))
        await until(lambda: len(made.models) == 1)
        await until(lambda: "task/a" not in made.health.parts)

    made = service(folder, Script([samples[:32_000], 3.0, samples[32_000:], 60]), "a", endless=True)
    made.ear._stall_s = 100
    records = run(made, change)
    assert [label for label, _ in events(records, "a")] == ["loud"] * 2
    assert events(records, "a")[0] == ("loud", EXPECTED_S[0]) and events(records, "b")[0][1] > 3
    assert made.ear.counts.samples == len(samples) and made.ear.counts.reopened == 0
    assert len({r.stream for r in records}) == 1


def added(folder, name, rows):
    """A further version of a model of that name, with windows of so many frames."""
    return tiny_model.loudness_bundle(folder / f"version{rows}" / name, rows=rows)


def named(folder, *names):
    """A configuration that calls models by name."""
    tasks = "".join(f'[[task]]\nmodel = "{n}"\n' for n in names)
    return text(folder) + tasks


def test_a_new_version_of_a_model_takes_over_and_a_broken_one_is_left(folder, samples):
    shelf, path = Shelf(folder / "state" / "models"), folder / "nuthatch.toml"
    shelf.add(str(added(folder, "loudly", 12)))

    async def update(made):
        await until(lambda: made.ear.counts.samples == 24_000)
        await asyncio.sleep(1.1)  # versions are named after the second
        shelf.add(str(added(folder, "loudly", 15)))
        await until(lambda: made.models[0].manifest.window_frames == 15)
        await asyncio.sleep(1.1)
        third = shelf.add(str(added(folder, "loudly", 18)))
        (third.folder / "model.tflite").write_bytes(b"damaged after it was added")
        await until(lambda: "model/loudly" in made.health.parts)
        status = made.health.parts["model/loudly"]
        assert status.state == "rolled back" and "model.tflite" in status.text
        assert made.models[0].manifest.window_frames == 15 and made.ear.alive
        assert made.ear.counts.reopened == 0

    path.write_text(named(folder, "loudly"))
    audio = Audio(Script([samples[:24_000], 60]), "test")
    made = Service(load(path, {}), Outside(lambda: load(path, {}), (path,), lambda section: audio, Notes()))
    made.ear._stall_s = 100
    run(made, update)
    again = Service(load(path, {}), Outside(audio=lambda section: audio, notify=Notes()))
    assert again.models[0].manifest.window_frames == 15
    again.store.close()


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("[audio]\nsource = 5", "audio.source"),
        ("[[task]]\nmodel = 'none'", "no such model"),
        ("not TOML", "not TOML"),
        ("", "no task"),
        ("[[task]]\nmodel = '{folder}/a'\nthresholds = {{ x = 0.5 }}", "its targets are"),
    ],
)
def test_a_bad_configuration_changes_nothing(folder, samples, broken, why):
    path = folder / "nuthatch.toml"

    async def break_it(made):
        await until(lambda: made.ear.counts.samples == 24_000)
        good = path.read_text()
        path.write_text(broken.format(folder=folder))
        made.reload()
        await until(lambda: "config" in made.health.parts)
        status = made.health.parts["config"]
        assert not status.ok and status.state == "refused" and why in status.text
        path.write_text(good)
        made.reload()
        await until(lambda: made.health.parts["config"].ok)
        await until(lambda: made.ear.counts.samples == len(samples))

    made = service(folder, Script([samples[:24_000], 2.0, samples[24_000:], 60]), "a", endless=True)
    made.ear._stall_s = 100
    assert events(run(made, break_it), "a") == [("loud", t) for t in EXPECTED_S]


def test_reload_may_change_the_source(folder, samples):
    path = folder / "nuthatch.toml"

    async def change(made):
        await until(lambda: made.ear.counts.samples == 24_000)
        path.write_text(text(folder, "a", more='[audio]\nsource = "other"'))
        made.reload()
        await until(lambda: not made.ear.alive)

    first, second = Script([samples[:24_000], 60]), Script([samples])
    made = service(
        folder, None, "a", audio=lambda section: Audio(second if section.source == "other" else first, "", False)
    )
    records = run(made, change)
    assert [t for _, t in events(records, "a")] == [EXPECTED_S[0], *EXPECTED_S]


def test_a_gate_and_a_second_stage_from_the_configuration(folder, samples):
    guard = str(folder / "noise")
    models = ["noise", ("a", f'gate = "{guard}"\ngate_labels = ["loud"]\nconfirm = "{folder / "b"}"')]
    made = service(folder, Script([samples]), *models)
    records = run(made)
    assert len(events(records, "a")) == 2
    details = [r.details for r in records if r.model == "a"]
    assert all(d["confirmed_by"] == "b" and d["confirmed_score"] >= 0.7 for d in details)
    cost = made.models[1].cost
    assert cost["steps"] < 100 and (cost["second_stage_asked"], cost["second_stage_agreed"]) == (2, 2)


def test_a_second_stage_that_disagrees_keeps_it_quiet(folder, samples):
    tiny_model.loudness_bundle(folder / "strict", rows=45, points=(("default", 1.0),))
    made = service(folder, Script([samples]), ("a", f'confirm = "{folder / "strict"}"'))
    assert run(made) == [] and made.models[0].cost["second_stage_asked"] == 2


def test_systemd_is_told_and_its_watchdog_kicked_only_while_audio_advances(folder, samples, monkeypatch):
    monkeypatch.setattr(module, "TURN_S", 0.02)

    async def wait(made):
        said = made._notify.said
        await until(lambda: made.ear.counts.samples == len(samples) and said.count("alive") > 0)
        await asyncio.sleep(0.1)
        kicked = said.count("alive")
        await asyncio.sleep(0.3)
        assert said.count("alive") == kicked

    made = service(folder, Script([samples, 60]), "a", endless=True)
    run(made, wait)
    assert made._notify.said[0] == "ready" and made._notify.said[-1] == "stopping"


class Sink:
    """A sink's module: fails as often as it is told to, then keeps what it gets."""

    def __init__(self, failures=0):
        self.failures, self.got, self.configs = failures, [], []

    async def run(self, config, feed, control):
        self.configs.append(config)
        if self.failures:
            self.failures -= 1
            raise RuntimeError("defect")
        async for record in feed:
            self.got.append((record, control.name))


def with_sinks(made, **configs):
    made.config = made.config.model_copy(update={"sink": configs})
    return made


def test_each_sink_gets_everything_also_when_it_fails_at_first(folder, samples, monkeypatch):
    sinks = {"good": Sink(), "weak": Sink(2)}
    monkeypatch.setattr(module, "load_sink", sinks.__getitem__)
    monkeypatch.setattr(keeper_module, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(module, "Keeper", lambda health: keeper_module.Keeper(health, 0.05))
    made = with_sinks(service(folder, Script([samples, 0.5]), "a"), good=1, weak=2)
    records = run(made)
    assert [r for r, _ in sinks["good"].got] == [r for r, _ in sinks["weak"].got] == records != []
    assert sinks["weak"].configs == [2, 2, 2]


def test_a_sink_that_hangs_delays_nobody(folder, samples, monkeypatch):
    class Hanging(Sink):
        async def run(self, config, feed, control):
            await asyncio.sleep(1_000)

    good = Sink()
    monkeypatch.setattr(module, "load_sink", {"good": good, "hanging": Hanging()}.__getitem__)
    monkeypatch.setattr(module, "PATIENCE_S", 0.2)
    made = with_sinks(service(folder, Script([samples]), "a"), good=1, hanging=2)
    began = time.monotonic()
    assert len(run(made)) == len(good.got) == 2
    assert time.monotonic() - began < 5


def test_thousands_of_events_all_arrive(folder, monkeypatch):
    """One for each step: 4,000 of them, to the store and to a sink that is slow."""

    class Slow(Sink):
        async def run(self, config, feed, control):
            async for record in feed:
                self.got.append(record)
                if len(self.got) % 500 == 0:
                    await asyncio.sleep(0.01)

    slow = Slow()
    monkeypatch.setattr(module, "load_sink", {"slow": slow}.__getitem__)
    made = with_sinks(service(folder, Script([np.tile(bursts([0.0], 1.0), 120)]), "a"), slow=1)
    task = made.crew.running[0].task

    def step(frames):
        task._frames += len(frames)
        task.steps += 1
        return [Event(task._frames / 100, "loud", 1.0, "a")]

    task._step = step
    records = run(made)
    assert len(records) == 4_006 == len(slow.got)
    assert [r.id for r in slow.got] == [r.id for r in records]
    again = service(folder, Script(), "a")
    assert len(again.store.last(10_000)) == 4_006
    again.store.close()


def test_a_disk_on_which_nothing_can_be_kept_does_not_stop_it(folder, samples):
    (folder / "state").write_text("a file where the folder should be")
    made = service(folder, Script([samples]), "a")
    assert len(run(made)) == 2
    assert made.store is None and not made.health.parts["store"].ok


def test_the_keeper_ends_what_it_keeps():
    async def check():
        ended = []

        async def forever():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(1_000)
            ended.append(1)

        health = types.SimpleNamespace(say=lambda *a: None, forget=lambda n: None)
        kept = keeper_module.Keeper(health)
        kept.start("x", forever, lambda: False)
        assert kept.names == {"x"}
        await asyncio.sleep(0)
        await kept.close(0.01)
        await kept.stop("x")
        assert ended == [1] and kept.names == set()

    asyncio.run(check())
