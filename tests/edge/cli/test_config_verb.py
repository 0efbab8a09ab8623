"""nuthatch config: schema, check, example, show."""

import json
from pathlib import Path

from edge.daemon.config_example import documented

DOCUMENT = Path(__file__).parents[3] / "docs" / "config.md"


def test_check_says_what_is_wrong_and_exits_with_it(nuthatch, tmp_path):
    path = tmp_path / "nuthatch.toml"
    path.write_text('[[task]]\nmodel = "wake_alexa"\n')
    good = nuthatch("config", "check", "--config", path)
    assert (good.returncode, good.stdout) == (0, f"{path}: ok, 1 task, 0 sinks\n")
    path.write_text("[page]\nprot = 1\nport = -1\n")
    bad = nuthatch("config", "check", "--config", path)
    assert bad.returncode == 1 and bad.stdout.splitlines() == [
        f"{path}:3: page.port: -1 must be greater than or equal to 0",
        f"{path}:2: page.prot: no such field; did you mean port?",
    ]
    shown = nuthatch("config", "show", "--config", path)
    assert shown.returncode == 1 and shown.stderr.count("\n") == 1 and f"{path}:3" in shown.stderr


def test_show_says_what_is_in_force(nuthatch, tmp_path):
    path = tmp_path / "nuthatch.toml"
    path.write_text('[page]\ntoken = "hunter2hunter2hunter2"\n')
    done = nuthatch("config", "show", "--json", "--config", path, NUTHATCH_AUDIO__DEVICE="USB")
    found = json.loads(done.stdout)
    assert found["audio"]["device"] == "USB" and "hunter2" not in done.stdout


def test_a_secret_that_others_can_read_is_told_of(nuthatch, tmp_path):
    path = tmp_path / "nuthatch.toml"
    path.write_text('[page]\ntoken = "hunter2hunter2hunter2"\n')
    path.chmod(0o644)
    done = nuthatch("config", "check", "--config", path)
    assert done.returncode == 0 and "page.token is in" in done.stderr and "hunter2" not in done.stderr
    path.write_text("")
    environment = {"NUTHATCH_PAGE__TOKEN": "hunter2hunter2hunter2"}
    assert nuthatch("config", "check", "--config", path, **environment).stderr == ""


def test_schema_and_example_come_out_whole(nuthatch, tmp_path):
    schema = json.loads(nuthatch("config", "schema").stdout)
    assert schema["properties"]["page"] and schema["additionalProperties"] is False
    path = tmp_path / "nuthatch.toml"
    path.write_text(nuthatch("config", "example").stdout)
    assert nuthatch("config", "check", "--config", path).returncode == 0


def test_the_documentation_has_the_tables_of_the_schema():
    text = DOCUMENT.read_text("utf-8")
    assert "### `[page]`" in text
    assert text == documented(text), "make it current: nuthatch config schema --write docs/config.md"
