"""The Wyoming service and the clients of the wyoming package: wake words out, audio in, rubbish survived."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import socket
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("wyoming", reason="needs the extra daemon")

import soundfile  # noqa: E402
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from wyoming.audio import AudioChunk, AudioStart, AudioStop  # noqa: E402
from wyoming.client import AsyncClient, AsyncTcpClient  # noqa: E402
from wyoming.error import Error  # noqa: E402
from wyoming.event import Event  # noqa: E402
from wyoming.info import Describe, Info  # noqa: E402
from wyoming.ping import Ping, Pong  # noqa: E402
from wyoming.wake import Detect, Detection, NotDetected  # noqa: E402

from edge.daemon.control import Loaded  # noqa: E402
from edge.manifest import open_bundle  # noqa: E402
from edge.sink import wyoming  # noqa: E402
from edge.sink.satellite import announcement, hearing, wire  # noqa: E402

SAMPLE = Path(__file__).parents[3] / "samples" / "kitchen.opus"


@pytest.fixture
def serve(control, running, until, free_port):
    """``async with serve(**config)``: the service; its port."""

    @contextlib.asynccontextmanager
    async def start(**changes):
        async with running(wyoming, wyoming.Config(**{"port": free_port} | changes), control):
            await until(lambda: (s := control.status("sink/wyoming")) and s.state == "serving")
            yield free_port

    return start


def facts(control):
    return control.status("sink/wyoming").facts


async def answers(client, kinds=()):
    """Events until one of these kinds, or the end."""
    found = []
    while (event := await asyncio.wait_for(client.read_event(), 10)) is not None:
        found.append(event)
        if event.type in kinds:
            break
    return found


async def play(client, samples, rate=16_000, names=None, stop=True, width=2, channels=1):
    await client.write_event(Detect(names=names).event())
    await client.write_event(AudioStart(rate, width, channels).event())
    for start in range(0, len(samples), 1_024):
        audio = samples[start : start + 1_024].tobytes()
        await client.write_event(AudioChunk(rate, width, channels, audio, round(1_000 * start / rate)).event())
    if stop:
        await client.write_event(AudioStop().event())


def test_the_service_says_what_it_hears(serve, control):
    async def main():
        async with serve() as port, AsyncClient.from_uri(f"tcp://127.0.0.1:{port}") as client:
            await client.write_event(Describe().event())
            return Info.from_event(await client.read_event())

    program = asyncio.run(main()).wake[0]
    assert program.name == "nuthatch Kitchen" and program.installed and program.version == "9.9"
    (model,) = program.models
    assert (model.name, model.phrase, model.installed, model.languages) == ("loud", "loud", True, [])


def test_two_models_with_the_same_word_are_told_apart(serve, control, loaded):
    other = dataclasses.replace(loaded.manifest, name="second")
    control.models.append(Loaded(other, "2", {"loud": 0.5}, folder=loaded.folder))
    scene = dataclasses.replace(loaded.manifest, name="rooms", task="scene")
    control.models.append(Loaded(scene, "3"))

    async def main():
        async with serve() as port, AsyncTcpClient("127.0.0.1", port) as client:
            await client.write_event(Describe().event())
            return [m.name for m in Info.from_event(await client.read_event()).wake[0].models]

    assert asyncio.run(main()) == ["loudness/loud", "second/loud"]


@pytest.mark.parametrize("names", [None, [], ["loud"], ["Loud"], ["loudness"], ["other", "loudness/loud"]])
def test_a_satellites_audio_is_heard(serve, control, samples, names):
    async def main():
        async with serve() as port, AsyncTcpClient("127.0.0.1", port) as client:
            await play(client, samples, names=names)
            found = (
                await answers(client, ("not-detected",))
                if names == ["other"]
                else [await client.read_event() for _ in range(2)]
            )
            return [Detection.from_event(e) for e in found if Detection.is_type(e.type)]

    first, second = asyncio.run(main())
    assert first.name == second.name == (names[-1] if names else "loud")
    # The chunk's time: within a chunk of where the loudness model fires.
    assert first.timestamp == pytest.approx(1_160, abs=64) and second.timestamp == pytest.approx(3_140, abs=64)


def test_audio_without_the_word_is_answered_at_its_end(serve, control):
    silence = np.zeros(16_000, np.int16)

    async def main():
        async with serve() as port, AsyncTcpClient("127.0.0.1", port) as client:
            await play(client, silence)
            first = await client.read_event()
            await play(client, silence, names=["nothing"])
            return first, await client.read_event(), await client.read_event()

    first, complaint, last = asyncio.run(main())
    assert NotDetected.is_type(first.type) and NotDetected.is_type(last.type)
    assert "no wake word 'nothing' runs here" in Error.from_event(complaint).text


FORMATS = {
    (8_000, 2, 1): lambda x: x[::2],
    (48_000, 2, 2): lambda x: np.repeat(np.repeat(x, 3)[:, None], 2, axis=1),
    (16_000, 1, 1): lambda x: (x // 256 + 128).astype(np.uint8),
    (16_000, 4, 1): lambda x: x.astype("<i4") * 65_536,
    (16_000, 3, 1): lambda x: (x.astype("<i4") * 65_536).view(np.uint8).reshape(-1, 4)[:, 1:].copy(),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_any_format_of_audio(serve, control, samples, kind):
    rate, width, channels = kind

    async def main():
        async with serve() as port, AsyncTcpClient("127.0.0.1", port) as client:
            await play(client, FORMATS[kind](samples), rate, width=width, channels=channels)
            return [(await client.read_event()).type for _ in range(2)]

    assert asyncio.run(main()) == ["detection"] * 2


def test_widths_of_samples_are_read_right():
    values = np.array([-32_768, -256, 0, 256, 32_512], np.int16)
    for width in (1, 3, 4):
        audio = FORMATS[16_000, width, 1](values).tobytes()
        assert (hearing.Format(16_000, width, 1).samples(audio)[:, 0] == values / np.float32(32_768)).all()


def test_home_assistants_way_with_a_real_model(serve, control):
    """As its wake-word provider does: detect with a name, audio as it comes, closed at the first detection."""
    sound, rate = soundfile.read(SAMPLE, dtype="int16")
    bundle = open_bundle("wake_alexa")
    control.models = [Loaded(bundle.manifest, "0", dict(bundle.manifest.operating_points[0].thresholds))]

    async def main():
        async with serve() as port, AsyncTcpClient("127.0.0.1", port) as client:
            sending = asyncio.create_task(play(client, sound[: 14 * rate], rate, ["alexa"], stop=False))
            event = await asyncio.wait_for(client.read_event(), 15)
            sending.cancel()
            return Detection.from_event(event)

    found = asyncio.run(main())
    assert found.name == "alexa" and 10_900 < found.timestamp < 12_500  # spoken at 10.9 s: samples/README.md


def test_who_asks_without_audio_hears_what_the_device_hears(serve, control, record, monkeypatch):
    monkeypatch.setattr(wyoming, "NO_AUDIO_S", 0.1)

    async def main():
        async with (
            serve() as port,
            AsyncTcpClient("127.0.0.1", port) as listener,
            AsyncTcpClient("127.0.0.1", port) as elsewhere,
            AsyncTcpClient("127.0.0.1", port) as satellite,
        ):
            await listener.write_event(Detect(names=["loudness"]).event())
            await elsewhere.write_event(Detect(names=["loudness/quiet"]).event())
            await satellite.write_event(Detect().event())
            await satellite.write_event(AudioStart(16_000, 2, 1).event())
            await asyncio.sleep(0.3)
            control.records.publish(record("loud", time_s=7.25))
            event = await asyncio.wait_for(listener.read_event(), 5)
            assert (await elsewhere.read_event()).type == "error"
            for other in (elsewhere, satellite):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(other.read_event(), 0.2)
            return Detection.from_event(event)

    found = asyncio.run(main())
    assert (found.name, found.timestamp) == ("loudness", 7_250)


def test_a_listener_that_does_not_read_is_disconnected(serve, control, record, until, monkeypatch):
    monkeypatch.setattr(wyoming, "NO_AUDIO_S", 0.0)

    async def main():
        async with serve() as port:
            deaf = socket.socket()
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            deaf.connect(("127.0.0.1", port))
            with deaf:
                deaf.sendall(wire.encode(Detect(names=["loud"]).event()))
                await until(lambda: facts(control)["clients"] == 1)
                await asyncio.sleep(0.1)
                for _ in range(400):
                    for _ in range(200):
                        control.records.publish(record())
                    await asyncio.sleep(0)
                    if facts(control)["slow"]:
                        break
                await until(lambda: facts(control)["slow"] == 1 and facts(control)["clients"] == 0)

    asyncio.run(main())


def test_several_satellites_at_once(serve, control, samples, until):
    async def one(port):
        async with AsyncTcpClient("127.0.0.1", port) as client:
            await play(client, samples)
            return [(await client.read_event()).type for _ in range(2)]

    async def main():
        async with serve() as port:
            found = await asyncio.gather(*(one(port) for _ in range(4)))
            assert found == [["detection"] * 2] * 4
            await until(lambda: facts(control)["streams"] == 0)
            assert facts(control)["detections"] == 8

    asyncio.run(main())


def test_too_many_are_told_that_it_is_busy(serve, control, until):
    async def main():
        async with serve(streams=1, clients=2) as port:
            first, second, third = (AsyncTcpClient("127.0.0.1", port) for _ in range(3))
            async with first, second:
                await first.write_event(AudioStart(16_000, 2, 1).event())
                await until(lambda: facts(control)["streams"] == 1)
                async with third:
                    assert Error.from_event(await third.read_event()).code == "busy"
                await second.write_event(AudioStart(16_000, 2, 1).event())
                assert Error.from_event(await second.read_event()).code == "busy"
                assert await second.read_event() is None
            await until(lambda: (facts(control)["streams"], facts(control)["clients"]) == (0, 0))
            assert facts(control)["refused"] == 2

    asyncio.run(main())


def test_ping(serve):
    async def main():
        async with serve() as port, AsyncTcpClient("127.0.0.1", port) as client:
            await client.write_event(Event("something-new", {"a": 1}, b"xyz"))
            await client.write_event(Ping(text="hello").event())
            return Pong.from_event(await client.read_event()).text

    assert asyncio.run(main()) == "hello"


RUBBISH = [
    b"\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"[" * 60_000 + b"\n",
    b"x" * 70_000,
    b"[1, 2]\n",
    b'{"type": 5}\n',
    b'{"type": "detect", "data": [1]}\n',
    b'{"type": "detect", "data": {"names": "loud"}}\n',
    b'{"type": "detect", "data": {"names": [1]}}\n',
    b'{"type": "audio-chunk", "payload_length": 999999999999}\n',
    b'{"type": "audio-chunk", "payload_length": -1}\n',
    b'{"type": "audio-chunk", "payload_length": true}\n',
    b'{"type": "audio-chunk", "data_length": 4}\nnull',
    b'{"type": "audio-start", "data": {"rate": 0, "width": 2, "channels": 1}}\n',
    b'{"type": "audio-start", "data": {"rate": 1e99, "width": 2, "channels": 1}}\n',
    b'{"type": "audio-start", "data": {"rate": 16000, "width": 2, "channels": 9999}}\n',
    b'{"type": "audio-chunk", "data": {"rate": 16000, "width": 2, "channels": 1}, "payload_length": 3}\nabc',
    b"\xff\xfe\xfd\n",
]


async def send(port, content):
    """What the service answers until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        writer.write(content)
        await writer.drain()
        writer.write_eof()
    answer = b""
    with contextlib.suppress(ConnectionError):
        answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


def test_rubbish_is_answered_closed_and_counted(serve, control):
    async def main():
        async with serve() as port:
            for i, content in enumerate(RUBBISH, 1):
                answer = await send(port, content)
                assert facts(control)["malformed"] == i, content[:40]
                if answer:
                    assert json.loads(answer.splitlines()[0])["type"] == "error"
            async with AsyncTcpClient("127.0.0.1", port) as client:
                await client.write_event(Describe().event())
                assert Info.from_event(await client.read_event()).wake

    asyncio.run(main())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 70_000) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = ["type", "data", "data_length", "payload_length", "version"]
TYPES = ["describe", "detect", "audio-start", "audio-chunk", "audio-stop", "ping", "info", ""]
DATA = st.dictionaries(st.sampled_from(["rate", "width", "channels", "names", "timestamp", "text"]), VALUES)
LINES = st.fixed_dictionaries(
    {}, optional={"type": st.sampled_from(TYPES) | VALUES, "data": DATA | VALUES}
) | st.dictionaries(st.sampled_from(KEYS), VALUES)
PIECES = LINES.map(lambda d: json.dumps(d).encode() + b"\n") | st.binary(max_size=80)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(PIECES, max_size=6).map(b"".join), min_size=1, max_size=4))
def test_no_bytes_crash_the_service(control, running, until, tmp_path, contents):
    async def main():
        loop = asyncio.get_running_loop()
        faults = []
        loop.set_exception_handler(lambda loop, context: faults.append(context))
        async with running(wyoming, wyoming.Config(port=0), control) as task:
            await until(lambda: (s := control.status("sink/wyoming")) and s.state == "serving")
            port = int(control.status("sink/wyoming").text.split(":")[1])
            await asyncio.gather(*(send(port, content) for content in contents))
            assert not task.done() and not faults
            async with AsyncTcpClient("127.0.0.1", port) as client:
                await client.write_event(Describe().event())
                assert (await client.read_event()).type == "info"

    control.health.forget("sink/wyoming")
    control.said.clear()
    asyncio.run(main())


@given(st.text(max_size=10), st.dictionaries(st.text(max_size=5), VALUES, max_size=3), st.binary(max_size=50))
def test_the_wire_is_the_packages(kind, data, payload):
    import io

    from wyoming.event import read_event

    event = Event(kind, json.loads(json.dumps(data)), payload or None)
    theirs = read_event(io.BytesIO(wire.encode(event)))

    async def ours():
        reader = asyncio.StreamReader()
        reader.feed_data(wire.encode(event))
        reader.feed_eof()
        return await wire.read_event(reader)

    assert repr(asyncio.run(ours())) == repr(theirs) == repr(event)


def test_a_port_in_use_is_named(control, running, until, free_port):
    async def main():
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", free_port))
            taken.listen()
            async with running(wyoming, wyoming.Config(port=free_port), control):
                return await until(lambda: control.status("sink/wyoming"))

    status = asyncio.run(main())
    assert not status.ok and f"127.0.0.1:{free_port}" in status.text and "sink.wyoming.host and port" in status.text


def test_a_client_that_only_sends_is_slowed_to_a_bound(serve, control, monkeypatch):
    monkeypatch.setattr(wyoming, "AHEAD_S", 1.0)
    monkeypatch.setattr(wyoming, "FASTEST", 20.0)

    async def main():
        started = asyncio.get_running_loop().time()
        async with serve() as port, AsyncTcpClient("127.0.0.1", port) as client:
            await play(client, np.zeros(11 * 16_000, np.int16))
            assert NotDetected.is_type((await client.read_event()).type)
            assert asyncio.get_running_loop().time() - started > 0.4

    asyncio.run(main())


def test_it_is_announced_on_the_network():
    from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

    async def main():
        found = asyncio.Queue()
        task = asyncio.create_task(announcement.announce("Küche no. 1", "127.0.0.1", 10_400))
        other = AsyncZeroconf(interfaces=["127.0.0.1"])
        loop = asyncio.get_running_loop()

        def changed(zeroconf, service_type, name, state_change):
            loop.call_soon_threadsafe(found.put_nowait, (name, state_change.name))

        browser = AsyncServiceBrowser(other.zeroconf, announcement.SERVICE, handlers=[changed])
        try:
            name, state = await asyncio.wait_for(found.get(), 8)
            info = AsyncServiceInfo(announcement.SERVICE, name)
            assert await info.async_request(other.zeroconf, 3_000)
            assert state == "Added" and name.startswith("Küche no  1.")
            assert (info.parsed_addresses(), info.port) == (["127.0.0.1"], 10_400)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            while (await asyncio.wait_for(found.get(), 8))[1] != "Removed":
                pass
        finally:
            task.cancel()
            await browser.async_cancel()
            await other.async_close()

    try:
        asyncio.run(main())
    except OSError as e:
        pytest.skip(f"no multicast on this machine's loopback: {e}")


def test_where_others_reach_us():
    assert announcement.addresses("192.0.2.7") == ["192.0.2.7"]
    assert not any(a.startswith("127.") for a in announcement.addresses("0.0.0.0"))
    assert announcement.is_loopback("127.0.0.1") and announcement.is_loopback("localhost")
    assert not announcement.is_loopback("0.0.0.0")
