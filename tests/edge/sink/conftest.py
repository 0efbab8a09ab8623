"""A daemon's double, records, a certificate authority and a real broker."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import getpass
import itertools
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from edge.daemon.control import Loaded
from edge.daemon.health import Health
from edge.daemon.hub import Hub
from edge.daemon.record import Record, iso_utc, record_id
from edge.manifest import open_bundle

_numbers = itertools.count()


class Double:
    """What a sink sees of the daemon; what it did to it is kept."""

    def __init__(self, state_folder: Path, models=()):
        self.name, self.device_id, self.version = "Kitchen", "kitchen_1", "9.9"
        self.state_folder = state_folder
        self.records, self.pulses = Hub(), Hub()
        self.said = []
        self.health = Health(lambda part, status: self.said.append((part, status.ok, status.state, status.text)))
        self.models = list(models)
        self.muted = ""
        self.thresholds = []
        self.recent = b""

    def set_threshold(self, model, label, threshold):
        if not 0.0 < threshold <= 1.0:
            raise ValueError("out of range")
        self.thresholds.append((model, label, threshold))

    def mute(self, on):
        self.muted = "switch" if on else ""

    def status(self, part):
        return self.health.parts.get(part)


def make_record(label="loud", age_s=0.0, **changes):
    values = {
        "id": record_id(),
        "task": "keyword",
        "model": "loudness",
        "model_hash": "0123456789ab",
        "label": label,
        "score": 0.9,
        "time_s": next(_numbers) / 10,
        "time_utc": iso_utc(time.time() - age_s),
        "stream": "s1",
    }
    return Record(**values | changes)


@pytest.fixture
def record():
    return make_record


@pytest.fixture
def loaded(bundle_path):
    """The loudness model as it runs."""
    bundle = open_bundle(bundle_path)
    return Loaded(bundle.manifest, "0123456789ab", {"loud": 0.8}, folder=bundle_path)


@pytest.fixture
def control(tmp_path, loaded):
    return Double(tmp_path / "state", [loaded])


async def until(condition, seconds=10.0):
    """Wait for something to become true; its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)
    return value


@pytest.fixture(name="until")
def until_fixture():
    return until


@pytest.fixture
def running():
    """``async with running(module, config, control) as task``: the sink, until the end of the block."""

    @contextlib.asynccontextmanager
    async def run(module, config, control):
        feed = control.records.feed(module.__name__)
        task = asyncio.create_task(module.run(config, feed, control))
        try:
            yield task
            assert not task.done() or task.result()
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=10)
            feed.close()
            print("said:", *control.said, sep="\n")
            assert task.cancelled(), [t.print_stack() for t in asyncio.all_tasks()] or task

    return run


@pytest.fixture
def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Broker:
    """mosquitto on a free port: started, stopped and started again."""

    def __init__(self, folder: Path, port: int, lines: str = "allow_anonymous true"):
        self.port, self._process = port, None
        self._conf = folder / "mosquitto.conf"
        self._conf.write_text(f"user {getpass.getuser()}\nlistener {port} 127.0.0.1\n{lines}\n")

    def start(self):
        self._process = subprocess.Popen(
            ["mosquitto", "-c", str(self._conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert self._process.poll() is None, "mosquitto ended"
            time.sleep(0.01)
        raise AssertionError("mosquitto does not answer")

    def stop(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def pid(self):
        return self._process.pid


@pytest.fixture
def make_broker(tmp_path, free_port):
    if not shutil.which("mosquitto") and not Path("/usr/sbin/mosquitto").exists():
        pytest.skip("no mosquitto; apt install mosquitto")
    brokers = []

    def make(lines="allow_anonymous true"):
        brokers.append(Broker(tmp_path, free_port, lines))
        brokers[-1].start()
        return brokers[-1]

    yield make
    for broker in brokers:
        broker.stop()


@pytest.fixture
def broker(make_broker):
    return make_broker()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """Folder with ca.pem, server.pem/.key (for localhost and 127.0.0.1), client.pem/.key, other.pem (another CA)."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    folder = tmp_path_factory.mktemp("certificates")
    now = datetime.datetime.now(datetime.UTC)

    def issue(name, issuer=None, names=()):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer[1].subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        certificate = builder.sign(issuer[0] if issuer else key, hashes.SHA256())
        pem = serialization.Encoding.PEM
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(pem))
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return key, certificate

    ca = issue("ca")
    issue("other")
    issue("server", ca, [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    issue("misnamed", ca, [x509.DNSName("elsewhere.example")])
    issue("client", ca)
    return folder
