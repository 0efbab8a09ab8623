"""Models added to a machine: checked, swapped, rolled back."""

from __future__ import annotations

import http.server
import json
import shutil
import threading
import zipfile
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from edge.cli.model import app
from edge.manifest import BundleError, file_entry, open_bundle
from edge.shelf import Shelf, ShelfError
from edge.shelf import fetch as fetch_file
from edge.shelf.signature import new_key, sign


def bundle(folder, name="wake_alexa", description=""):
    """A bundled model under a description of its own."""
    shutil.copytree(open_bundle(name).folder, folder)
    opened = open_bundle(folder)
    replace(opened.manifest, description=description).write(folder)
    return folder


def zipped(folder, out, prefix=""):
    with zipfile.ZipFile(out, "w") as archive:
        for path in folder.iterdir():
            archive.write(path, prefix + path.name)
    return out


def everything(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.name != ".lock")


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "models")


def test_added_models_are_used_instead_of_bundled_ones(shelf, tmp_path):
    assert shelf.open("wake_alexa").folder == open_bundle("wake_alexa").folder and not shelf.has("wake_alexa")
    before = shelf.stamp() if shelf.folder.exists() else ""
    shelf.add(str(bundle(tmp_path / "a", description="first")))
    assert shelf.open("wake_alexa").manifest.description == "first" and shelf.stamp() != before
    shelf.add(str(zipped(bundle(tmp_path / "b", description="second"), tmp_path / "b.zip")))
    assert shelf.open("wake_alexa").manifest.description == "second" and shelf.names() == ["wake_alexa"]
    assert shelf.rollback("wake_alexa").manifest.description == "first"
    assert shelf.rollback("wake_alexa") is None
    assert shelf.open("wake_alexa").folder == open_bundle("wake_alexa").folder
    with pytest.raises(ShelfError, match="no version of it was added"):
        shelf.rollback("wake_alexa")


def test_only_the_last_versions_stay(tmp_path):
    shelf = Shelf(tmp_path / "models", keep=2)
    for k in range(4):
        shelf.add(str(bundle(tmp_path / str(k), "wake_computer_small", str(k))))
    assert len(shelf.versions("wake_computer_small")) == 2
    assert shelf.open("wake_computer_small").manifest.description == "3"
    assert shelf.rollback("wake_computer_small").manifest.description == "2"


def damaged(folder):
    content = bytearray((folder / "stream.tflite").read_bytes())
    content[len(content) // 2] ^= 255
    (folder / "stream.tflite").write_bytes(content)


def rehashed(folder, **changes):
    """As somebody would who makes the hashes right."""
    manifest = open_bundle_unchecked(folder)
    files = {name: file_entry(folder / name) for name in manifest.files}
    replace(manifest, files=files, **changes).write(folder)


def open_bundle_unchecked(folder):
    from edge.manifest import Manifest

    return Manifest.from_json((folder / "manifest.json").read_text())


def no_model(folder):
    (folder / "stream.tflite").write_bytes(b"\x1c\0\0\0TFL3" + bytes(5_000))
    rehashed(folder)


def other_labels(folder):
    manifest = open_bundle_unchecked(folder)
    rehashed(folder, labels=[*manifest.labels, "one more"])


def bad_name(folder):
    rehashed(folder, name="../../up")


def outside(folder):
    text = json.loads((folder / "manifest.json").read_text())
    text["files"]["../../x"] = {"sha256": "0", "bytes": 1}
    (folder / "manifest.json").write_text(json.dumps(text))


def no_manifest(folder):
    (folder / "manifest.json").write_text("[" * 100_000)


@pytest.mark.parametrize(
    "spoil, says",
    [
        (damaged, "hash"),
        (no_model, "self-test"),
        (other_labels, "self-test"),
        (bad_name, "no name of a model"),
        (outside, "outside the bundle"),
        (no_manifest, "manifest.json is none"),
        (lambda f: (f / "model.tflite").unlink(), "missing"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_bad_model_changes_nothing(shelf, tmp_path, spoil, says, packed):
    shelf.add(str(bundle(tmp_path / "good", description="good")))
    before = everything(shelf.folder)
    bad = bundle(tmp_path / "bad")
    spoil(bad)
    source = zipped(bad, tmp_path / "bad.zip", "folder/") if packed else bad
    with pytest.raises(ShelfError, match=says) as e:
        shelf.add(str(source))
    assert str(source) in str(e.value) and ".new-" not in str(e.value)
    assert everything(shelf.folder) == before and shelf.open("wake_alexa").manifest.description == "good"


def test_what_is_too_large_is_not_unpacked(shelf, tmp_path, monkeypatch):
    folder = bundle(tmp_path / "a")
    (folder / "manifest.sig").write_bytes(bytes(10 * 2**20))
    monkeypatch.setattr(fetch_file, "LIMIT_BYTES", 2**20)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    for source in (tmp_path / "a.zip", folder):
        with pytest.raises(ShelfError, match="more than 1 MB"):
            shelf.add(str(source))


@pytest.mark.parametrize("source", ["nowhere", "file", "ftp://x/y.zip", "https://127.0.0.1:1/x.zip"])
def test_what_is_no_source_is_named(shelf, tmp_path, source, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("no zip")
    with pytest.raises(ShelfError, match=source.split("/")[0]):
        shelf.add(source)


def test_only_signed_models_when_a_key_is_set(tmp_path):
    key = new_key(tmp_path / "key.pem")
    other = new_key(tmp_path / "other.pem")
    assert (tmp_path / "key.pem").stat().st_mode & 0o077 == 0
    shelf, folder = Shelf(tmp_path / "models", key), bundle(tmp_path / "a")
    with pytest.raises(ShelfError, match="nuthatch model sign"):
        shelf.add(str(folder))
    sign(folder, tmp_path / "other.pem")
    with pytest.raises(ShelfError, match="not signed with the key"):
        shelf.add(str(folder))
    assert Shelf(tmp_path / "others", other).add(str(folder))
    sign(folder, tmp_path / "key.pem")
    assert shelf.add(str(zipped(folder, tmp_path / "a.zip")))
    replace(open_bundle(folder).manifest, description="changed afterwards").write(folder)
    with pytest.raises(ShelfError, match="not signed with the key"):
        shelf.add(str(folder))
    with pytest.raises(ShelfError, match="not 32 bytes"):
        Shelf(tmp_path / "models", "abc").add(str(folder))


def test_a_model_comes_over_http_from_this_machine(shelf, tmp_path):
    zipped(bundle(tmp_path / "a", description="far"), tmp_path / "a.zip")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(tmp_path))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        assert shelf.add(address + "a.zip").manifest.description == "far"
        with pytest.raises(ShelfError, match="cannot be fetched"):
            shelf.add(address + "b.zip")
        server.shutdown()
    with pytest.raises(ShelfError, match="not encrypted"):
        shelf.add("http://example.org/a.zip")


def test_the_verb(tmp_path):
    run, state = CliRunner().invoke, ["--folder", str(tmp_path / "state")]
    folder = bundle(tmp_path / "a", description="first")
    assert run(app, ["add", str(folder), *state]).exit_code == 0
    assert run(app, ["add", str(folder), *state]).exit_code == 0
    lines = run(app, ["versions", *state]).stdout.splitlines()
    assert len(lines) == 2 and lines[0].startswith("  wake_alexa") and lines[1].startswith("* wake_alexa")
    assert run(app, ["rollback", "wake_alexa", *state]).exit_code == 0
    done = run(app, ["rollback", "wake_alexa", *state])
    assert "the one that comes with nuthatch" in done.stdout
    with pytest.raises(BundleError):
        Shelf(tmp_path / "state" / "models").open("no such")
