"""The MQTT sink and mosquitto: away and back, discovery, commands, TLS, refusals, rubbish."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

aiomqtt = pytest.importorskip("aiomqtt", reason="needs the extra daemon")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from edge.daemon.control import Loaded  # noqa: E402
from edge.sink import mqtt  # noqa: E402
from edge.sink.homeassistant.topics import Topics  # noqa: E402


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(mqtt, "LOOK_EVERY_S", 0.1)


def config(broker, **changes):
    return mqtt.Config(**{"host": "127.0.0.1", "port": broker.port, "retry_s": 0.3, "timeout_s": 2.0} | changes)


class Ear:
    """Another client: all that the broker told it, in order."""

    def __init__(self, client):
        self.client, self.heard = client, []

    async def listen(self):
        async for message in self.client.messages:
            self.heard.append((message.topic.value, message.payload.decode(errors="replace"), message.retain))

    def of(self, end):
        return [payload for topic, payload, _ in self.heard if topic.endswith(end)]

    @property
    def events(self):
        return [json.loads(p) for p in self.of("/event")]

    @property
    def kept(self):
        """Topic -> last value."""
        return {topic: payload for topic, payload, _ in self.heard}


@contextlib.asynccontextmanager
async def ear(broker, topic="#", **options):
    async with aiomqtt.Client("127.0.0.1", broker.port, **options) as client:
        await client.subscribe(topic, 1)
        one = Ear(client)
        task = asyncio.create_task(one.listen())
        try:
            yield one
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, aiomqtt.MqttError):
                await task


def connected(control):
    status = control.status("sink/mqtt")
    return status is not None and status.state == "connected"


def test_an_event_arrives_with_all_of_its_record(broker, control, running, record, until):
    async def main():
        async with ear(broker) as other, running(mqtt, config(broker), control):
            await until(lambda: connected(control))
            heard = record()
            control.records.publish(heard)
            await until(lambda: other.events)
            assert other.events == [{"event_type": "loud", **dataclasses.asdict(heard)}]
            assert other.heard[-1][0] == "nuthatch/kitchen_1/loudness/event" or other.of("/event")
            assert not any(retained for topic, _, retained in other.heard if topic.endswith("/event"))
            await until(lambda: control.status("sink/mqtt").facts["sent"] == 1)
            assert control.status("sink/mqtt").facts["waiting"] == 0

    asyncio.run(main())


def test_only_the_wanted_labels_and_models(broker, control, running, record, until):
    async def main():
        wanted = config(broker, labels=["loud"], models=["loudness"])
        async with ear(broker) as other, running(mqtt, wanted, control):
            await until(lambda: connected(control))
            for one in (record("quiet"), record(model="other"), record("loud")):
                control.records.publish(one)
            await until(lambda: other.events)
            await asyncio.sleep(0.1)
            assert [e["label"] for e in other.events] == ["loud"]

    asyncio.run(main())


# What Home Assistant's documentation of MQTT discovery asks for and allows, for the components that we use.
SHARED = {"unique_id", "availability_topic", "device", "origin", "name", "icon", "entity_category"}
COMPONENTS = {
    "event": ({"state_topic", "event_types"}, set()),
    "switch": ({"command_topic", "state_topic"}, set()),
    "number": ({"command_topic", "state_topic", "min", "max", "step"}, {"mode"}),
    "sensor": ({"state_topic"}, {"value_template", "unit_of_measurement", "state_class", "device_class"}),
    "binary_sensor": ({"state_topic"}, {"value_template", "device_class", "json_attributes_topic"}),
}


def others(loaded):
    """A scene and a portrait beside the keywords."""
    scene = dataclasses.replace(loaded.manifest, name="rooms", task="scene", targets=[], labels=["rain", "speech"])
    portrait = dataclasses.replace(loaded.manifest, name="sight", task="portrait", targets=[], labels=["person"])
    return [Loaded(scene, "1", state="rain", score=0.71), Loaded(portrait, "2", state="person", score=0.33)]


def test_home_assistant_is_told_of_everything(broker, control, loaded, running, until):
    control.models += others(loaded)
    control.health.say("audio", True, "hearing", level_dbfs=-41.7)

    async def main():
        async with ear(broker) as other:
            async with running(mqtt, config(broker), control):
                await until(lambda: "nuthatch/kitchen_1/level" in other.kept)
            return other.kept

    kept = asyncio.run(main())
    configs = {t: json.loads(p) for t, p in kept.items() if t.startswith("homeassistant/")}
    assert len(configs) == 9 and len({c["unique_id"] for c in configs.values()}) == 9
    found = []
    for topic, payload in configs.items():
        _, component, node, entity, last = topic.split("/")
        needed, allowed = COMPONENTS[component]
        assert (node, last) == ("nuthatch_kitchen_1", "config")
        assert needed <= set(payload) <= needed | allowed | SHARED
        assert payload["device"]["identifiers"] == ["nuthatch_kitchen_1"] and payload["device"]["name"] == "Kitchen"
        assert payload["availability_topic"] == "nuthatch/kitchen_1/availability"
        # What it is to read is there, retained; but for events, which come when they come.
        assert component == "event" or payload["state_topic"] in kept
        found.append(f"{component}/{entity}")
    assert sorted(found) == [
        "binary_sensor/problem",
        "binary_sensor/sight_presence",
        "event/loudness",
        "number/loudness_loud_threshold",
        "sensor/level",
        "sensor/rooms_certainty",
        "sensor/rooms_state",
        "sensor/sight_share",
        "switch/mute",
    ]
    root = "nuthatch/kitchen_1/"
    assert configs["homeassistant/event/nuthatch_kitchen_1/loudness/config"]["event_types"] == ["loud"]
    assert kept[root + "rooms/state"] == "rain" and kept[root + "sight/state"] == "person"
    assert kept[root + "rooms/score"] == "0.71" and kept[root + "level"] == "-42"
    assert kept[root + "loudness/loud/threshold"] == "0.8" and kept[root + "mute"] == "OFF"
    assert json.loads(kept[root + "health"])["problem"] == "OFF"
    assert kept[root + "availability"] == "offline"  # it said goodbye


def test_what_is_announced_is_kept_and_what_is_gone_is_taken_away(broker, control, loaded, running, until):
    control.models += others(loaded)

    async def main():
        async with running(mqtt, config(broker), control):
            await until(lambda: connected(control))
            async with ear(broker, "homeassistant/#") as other:
                await until(lambda: len(other.heard) >= 8)
        control.models = control.models[:1]  # started again with one model only
        control.health.forget("sink/mqtt")
        async with ear(broker) as other, running(mqtt, config(broker), control):
            await until(lambda: other.kept.get("homeassistant/sensor/nuthatch_kitchen_1/rooms_state/config") == "")
            control.models = []
            await until(lambda: other.kept.get("homeassistant/event/nuthatch_kitchen_1/loudness/config") == "")
        async with ear(broker, "homeassistant/#") as other:
            await until(lambda: len(other.heard) >= 3)
            return sorted(t.split("/")[3] for t, _, retained in other.heard if retained)

    assert asyncio.run(main()) == ["level", "mute", "problem"]


def test_without_discovery_home_assistant_is_told_nothing(broker, control, running, record, until):
    async def main():
        async with ear(broker) as other, running(mqtt, config(broker, discovery=""), control):
            control.records.publish(record())
            await until(lambda: other.events)
            assert not any(t.startswith("homeassistant") for t in other.kept)

    asyncio.run(main())


def test_away_for_a_while_and_back_nothing_lost_nothing_twice(broker, control, running, record, until):
    async def main():
        async with running(mqtt, config(broker), control):
            await until(lambda: connected(control))
            broker.stop()
            await until(lambda: control.status("sink/mqtt").state == "retrying")
            assert "is it running" in control.status("sink/mqtt").text
            records = [record() for _ in range(50)]
            for one in records[:30]:
                control.records.publish(one)
            await until(lambda: control.status("sink/mqtt").facts["waiting"] == 30)
            # The queue is on the disk: so much would be there if the power went now.
            assert (control.state_folder / "queues" / "mqtt.queue").read_bytes().count(b"\n") == 30
            broker.start()
            async with ear(broker) as other:
                for one in records[30:]:
                    control.records.publish(one)
                await until(lambda: len(other.events) >= 50)
                await asyncio.sleep(0.1)
                assert [e["id"] for e in other.events] == [r.id for r in records]
            await until(lambda: control.status("sink/mqtt").facts["waiting"] == 0)

    asyncio.run(main())


def test_the_broker_goes_again_and_again(broker, control, running, record, until):
    """Killed at no particular moment of the sending: each record arrives, in order; one may come twice."""

    async def main():
        records = [record() for _ in range(600)]
        seen = []
        async with running(mqtt, config(broker), control):
            for start in range(0, 600, 200):
                await until(lambda: connected(control))
                async with ear(broker) as other:
                    for one in records[start : start + 200]:
                        control.records.publish(one)
                    await until(lambda: len(other.events) >= 20)  # noqa: B023
                    broker.stop()
                    await asyncio.sleep(0.05)
                    seen += [e["id"] for e in other.events]
                await until(lambda: not connected(control))
                broker.start()
            async with ear(broker) as other:
                await until(lambda: control.status("sink/mqtt").facts["waiting"] == 0)
                seen += [e["id"] for e in other.events]
        return [r.id for r in records], seen

    sent, seen = asyncio.run(main())
    # What the broker took and nobody heard, because it was killed, is not ours to mend; nothing else may be missing.
    order = [sent.index(one) for one in seen]
    assert order == sorted(order)
    assert len(seen) - len(set(seen)) <= 3


def test_records_wait_over_a_restart_of_the_daemon(broker, control, running, record, until):
    broker.stop()
    records = [record() for _ in range(5)]

    async def away():
        async with running(mqtt, config(broker), control):
            await until(lambda: control.status("sink/mqtt"))
            for one in records:
                control.records.publish(one)

    asyncio.run(away())
    broker.start()

    async def back():
        async with ear(broker) as other, running(mqtt, config(broker), control):
            await until(lambda: len(other.events) >= 5)
            assert [e["id"] for e in other.events] == [r.id for r in records]

    asyncio.run(back())


@pytest.mark.parametrize("away", [False, True])
def test_the_end_of_the_feed_ends_the_sink(broker, control, record, until, away):
    """So the service lets go of it: what can be told is told, the rest is on the disk."""

    async def main():
        async with ear(broker) as other:
            feed = control.records.feed("mqtt")
            task = asyncio.create_task(mqtt.run(config(broker, retry_s=30), feed, control))
            await until(lambda: connected(control))
            if away:
                broker.stop()
                await until(lambda: not connected(control))
            for _ in range(20):
                control.records.publish(record())
            feed.close()
            await asyncio.wait_for(task, 3)
            if away:
                return
            await until(lambda: len(other.events) == 20)
            await until(lambda: other.kept["nuthatch/kitchen_1/availability"] == "offline")

    asyncio.run(main())
    waiting = (control.state_folder / "queues" / "mqtt.queue").read_text().count('"loud"')
    assert waiting == 20


def test_a_bounded_queue_loses_the_oldest_and_says_so(broker, control, running, record, until):
    broker.stop()

    async def main():
        async with running(mqtt, config(broker, queue_records=10), control):
            await until(lambda: control.status("sink/mqtt"))
            records = [record() for _ in range(25)]
            for one in records:
                control.records.publish(one)
            await until(lambda: control.status("sink/mqtt").facts["dropped"] == 15)
            broker.start()
            async with ear(broker) as other:
                await until(lambda: len(other.events) >= 10)
                assert [e["id"] for e in other.events] == [r.id for r in records[-10:]]

    asyncio.run(main())


def test_what_is_old_is_told_but_is_no_event(broker, control, running, record, until):
    async def main():
        async with ear(broker) as other, running(mqtt, config(broker), control):
            control.records.publish(record(age_s=60))
            control.records.publish(record())
            await until(lambda: other.events and other.of("/late"))
            assert len(other.events) == len(other.of("/late")) == 1

    asyncio.run(main())


def test_the_last_will_says_that_the_daemon_is_gone(broker, tmp_path, until):
    script = (
        "import asyncio, sys; sys.path.insert(0, sys.argv[1])\n"
        "import conftest\nfrom pathlib import Path\nfrom edge.sink import mqtt\n"
        "control = conftest.Double(Path(sys.argv[2]))\n"
        "config = mqtt.Config(host='127.0.0.1', port=int(sys.argv[3]))\n"
        "asyncio.run(mqtt.run(config, control.records.feed('x'), control))\n"
    )

    async def main():
        async with ear(broker, "nuthatch/kitchen_1/availability") as other:
            command = [sys.executable, "-c", script, str(Path(__file__).parent), str(tmp_path), str(broker.port)]
            process = subprocess.Popen(command)
            try:
                await until(lambda: other.of("availability") == ["online"])
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()
            await until(lambda: other.of("availability") == ["online", "offline"])

    asyncio.run(main())


def test_thresholds_and_mute_can_be_set(broker, control, running, until):
    async def main():
        async with ear(broker) as other, running(mqtt, config(broker), control):
            await until(lambda: "nuthatch/kitchen_1/mute" in other.kept)
            await other.client.publish("nuthatch/kitchen_1/mute/set", "ON")
            await other.client.publish("nuthatch/kitchen_1/loudness/loud/threshold/set", "0.35")
            await until(lambda: control.thresholds == [("loudness", "loud", 0.35)])
            await until(lambda: other.kept["nuthatch/kitchen_1/mute"] == "ON")
            await other.client.publish("nuthatch/kitchen_1/mute/set", "OFF")
            await until(lambda: other.kept["nuthatch/kitchen_1/mute"] == "OFF")

    asyncio.run(main())


RUBBISH = ["abc", "1e9", "-1", "0", "nan", "inf", "", "0.5" * 400_000, b"\xff\xfe\x00", "0,5", "null", "{}"]


def test_rubbish_is_ignored_with_a_line(broker, control, running, until, caplog):
    async def main():
        async with ear(broker) as other, running(mqtt, config(broker), control):
            await until(lambda: "nuthatch/kitchen_1/mute" in other.kept)
            for payload in RUBBISH:
                await other.client.publish("nuthatch/kitchen_1/loudness/loud/threshold/set", payload, qos=1)
                await other.client.publish("nuthatch/kitchen_1/mute/set", payload, qos=1)
            await other.client.publish("nuthatch/kitchen_1/loudness/quiet/threshold/set", "0.5", qos=1)
            await other.client.publish("nuthatch/kitchen_1/loudness/loud/threshold/set", "0.9", qos=1, retain=True)
            count = 2 * len(RUBBISH) + 1
            await until(lambda: control.status("sink/mqtt").facts["ignored"] == count or control.thresholds)
            await other.client.publish("nuthatch/kitchen_1/loudness/loud/threshold/set", "0.25", qos=1)
            await until(lambda: control.thresholds)

    asyncio.run(main())
    # Retained: heard live it counts; after a connection, as a leftover, it does not.
    assert control.thresholds[-1][2] == 0.25 and control.muted == ""
    lines = [r.getMessage() for r in caplog.records if "ignored" in r.getMessage()]
    assert 1 <= len(lines) <= 5 and "is no number" in lines[0] and all(len(line) < 300 for line in lines)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80), st.sampled_from(["mute/set", "loudness/loud/threshold/set", "x/y/threshold/set"]))
def test_no_payload_does_what_it_should_not(control, payload, end):
    control.thresholds, control.muted = [], ""
    topics = Topics("nuthatch", "homeassistant", control.device_id)
    session = mqtt._Session(mqtt.Config(host="x"), None, topics, None, control)
    session._obey(f"{topics.root}/{end}", payload, False)
    assert session._ignored + len(control.thresholds) + (payload in (b"ON", b"OFF")) == 1
    assert all(0 < value <= 1 for _, _, value in control.thresholds)


CONNACK = b"\x20\x02\x00\x00"


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=4), st.booleans())
def test_a_broker_that_talks_rubbish_is_left_and_tried_again(control, running, until, chunks, accepts):
    async def main():
        visits = 0

        async def talk(reader, writer):
            nonlocal visits
            visits += 1
            writer.write(CONNACK if accepts else b"")
            with contextlib.suppress(ConnectionError):
                for chunk in chunks:
                    writer.write(chunk)
                    await writer.drain()
                    await asyncio.sleep(0.005)
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        settings = mqtt.Config(host="127.0.0.1", port=port, retry_s=0.02, timeout_s=0.1)
        async with running(mqtt, settings, control) as task:
            await until(lambda: visits >= 2)
            assert not task.done()
        server.close()

    control.said.clear()
    asyncio.run(main())


def test_a_command_left_on_the_broker_is_not_obeyed(broker, control, running, until):
    async def main():
        async with ear(broker) as other:
            await other.client.publish("nuthatch/kitchen_1/mute/set", "ON", qos=1, retain=True)
            async with running(mqtt, config(broker), control):
                await until(lambda: (s := control.status("sink/mqtt")) and s.facts.get("ignored") == 1)
                assert control.muted == ""

    asyncio.run(main())


def test_tls_with_a_client_certificate(make_broker, certificates, control, running, record, until):
    broker = make_broker(
        f"cafile {certificates}/ca.pem\ncertfile {certificates}/server.pem\nkeyfile {certificates}/server.key\n"
        "require_certificate true\nuse_identity_as_username true"
    )

    async def main():
        secure = config(
            broker,
            tls=True,
            ca_file=certificates / "ca.pem",
            certificate=certificates / "client.pem",
            key=certificates / "client.key",
        )
        params = aiomqtt.TLSParameters(
            str(certificates / "ca.pem"), str(certificates / "client.pem"), str(certificates / "client.key")
        )
        async with ear(broker, tls_params=params) as other, running(mqtt, secure, control):
            control.records.publish(record())
            await until(lambda: other.events)

    asyncio.run(main())


def told(module, settings, control, running, until, part="sink/mqtt", states=("retrying",)):
    """What the sink says when it cannot work."""

    async def main():
        async with running(module, settings, control):
            await until(lambda: control.status(part) and control.status(part).state in states)
            return control.status(part)

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ca_file": "other.pem"}, ["certificate verify failed", "sink.mqtt.ca_file"]),
        ({"ca_file": "ca.pem", "host": "localhost"}, ["Hostname mismatch", "check_name"]),
        ({"ca_file": "none.pem"}, ["none.pem: no such file"]),
        ({"tls": False, "ca_file": None}, ["sink.mqtt.host"]),
    ],
)
def test_tls_that_cannot_be_trusted_is_named(make_broker, certificates, control, running, until, changes, words):
    server = "misnamed" if "host" in changes else "server"
    broker = make_broker(
        f"cafile {certificates}/ca.pem\ncertfile {certificates}/{server}.pem\nkeyfile {certificates}/{server}.key"
    )
    if changes.get("ca_file"):
        changes = changes | {"ca_file": certificates / changes["ca_file"]}
    status = told(mqtt, config(broker, **{"tls": True} | changes), control, running, until)
    assert not status.ok and all(word in status.text for word in words), status.text


def test_a_name_need_not_be_checked(make_broker, certificates, control, running, until):
    broker = make_broker(
        f"cafile {certificates}/ca.pem\ncertfile {certificates}/misnamed.pem\nkeyfile {certificates}/misnamed.key\n"
        "allow_anonymous true"
    )
    settings = config(broker, tls=True, ca_file=certificates / "ca.pem", check_name=False)
    assert told(mqtt, settings, control, running, until, states=("connected",)).ok


@pytest.fixture
def locked(make_broker, tmp_path):
    """A broker that knows one user: ann, correct."""
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "ann", "correct"], check=True)
    passwords.chmod(0o600)
    return make_broker(f"allow_anonymous false\npassword_file {passwords}")


@pytest.mark.parametrize(
    ("changes", "who"), [({"user": "ann", "password": "wrong-one"}, "user 'ann'"), ({}, "a client without user")]
)
def test_a_wrong_password_is_named_and_not_shown(locked, control, running, until, changes, who):
    status = told(mqtt, config(locked, **changes), control, running, until)
    assert f"refuses {who}" in status.text and "sink.mqtt.user and password" in status.text
    assert "wrong-one" not in status.text and "wrong-one" not in repr(config(locked, **changes))


def test_the_password_may_lie_in_a_file(locked, control, running, until, tmp_path):
    (tmp_path / "secret").write_text("correct\n")
    settings = config(locked, user="ann", password_file=tmp_path / "secret")
    assert told(mqtt, settings, control, running, until, states=("connected",)).ok


def test_a_broker_that_stops_answering_is_noticed(broker, control, running, record, until):
    async def main():
        async with running(mqtt, config(broker, timeout_s=0.5), control):
            await until(lambda: connected(control))
            os.kill(broker.pid, signal.SIGSTOP)
            started = time.monotonic()
            control.records.publish(record())
            await until(lambda: not connected(control))
            assert time.monotonic() - started < 5
            os.kill(broker.pid, signal.SIGCONT)
            async with ear(broker) as other:
                control.records.publish(last := record())
                await until(lambda: last.id in [e["id"] for e in other.events])

    asyncio.run(main())


@pytest.mark.parametrize(
    "changes",
    [
        {"host": ""},
        {"port": 70_000},
        {"topic": "a/#"},
        {"topic": ""},
        {"ca_file": "x.pem"},
        {"tls": True, "key": "x.key"},
        {"password": "a", "password_file": "b"},
        {"colour": "red"},
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(changes):
    with pytest.raises(ValueError):
        mqtt.Config(**{"host": "x"} | changes)
