"""One TOML file, the environment, the command line: what wins, and what is said of mistakes."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.daemon.config import Config, ConfigError, check, find, load
from edge.daemon.config_example import HIDDEN, example, plain, shown
from edge.daemon.config_schema import schema, tables
from edge.daemon.layers import Layer
from edge.daemon.secret import SecretError, secret_of
from edge.daemon.toml_lines import line_of


@pytest.fixture
def file(tmp_path):
    """Write a configuration -> its path."""

    def write(text: str) -> Path:
        path = tmp_path / "nuthatch.toml"
        path.write_text(text)
        return path

    return write


def problems(path, environ=None, settings=None):
    with pytest.raises(ConfigError) as caught:
        load(path, environ or {}, settings)
    assert "\n" not in str(caught.value)
    return {p.field: p for p in caught.value.problems}


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(file):
    path = file('[audio]\ndevice = "file"\nchannel = 0\n[page]\nport = 1\n')
    environ = {"NUTHATCH_AUDIO__DEVICE": "1", "NUTHATCH_PAGE__PORT": "2", "NUTHATCH_DATA": "/not/ours"}
    config = load(path, environ, {"page.port": 3})
    assert (config.audio.device, config.audio.channel, config.page.port) == ("1", 0, 3)
    assert config.origin(("audio", "device")) == "NUTHATCH_AUDIO__DEVICE"
    assert config.origin(("audio", "channel")) == f"{path}:3"
    assert config.origin(("page", "port")) == "command line"
    assert config.origin(("page", "host")) == "" and config.path == path


def test_the_command_line_reaches_into_the_tasks_that_it_gives():
    tasks = [{"model": "wake_alexa"}, {"model": "portrait"}]
    config = load(None, {}, {"task": tasks, "task.1.source": "pictures", "task.0.thresholds.alexa": "0.6"})
    assert config.task[1].source == "pictures" and config.task[0].thresholds == {"alexa": 0.6}
    for nowhere in ("task.2.source", "task.portrait.source", "task.0.model.name"):
        assert "no such place" in problems(None, settings={"task": tasks, nowhere: "x"})[nowhere].text


def test_the_environment_gives_lists_numbers_and_switches():
    environ = {
        "NUTHATCH_TASK": '[{model = "wake_alexa", thresholds = {alexa = 0.6}}]',
        "NUTHATCH_QUIET__HOURS": '["22:00-07:00"]',
        "NUTHATCH_PAGE__ENABLED": "false",
        "NUTHATCH_AUDIO__CHANNEL": "1",
    }
    config = load(None, environ)
    assert config.task[0].thresholds == {"alexa": 0.6} and config.quiet.hours == ["22:00-07:00"]
    assert not config.page.enabled and config.audio.channel == 1


def test_the_nearest_file_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    assert find() in (None, Path("/etc/nuthatch/config.toml"))
    own = tmp_path / "home" / "nuthatch" / "config.toml"
    own.parent.mkdir(parents=True)
    own.write_text("")
    assert find() == own
    (tmp_path / "nuthatch.toml").write_text('[device]\nname = "here"\n')
    assert load(None, {}).device.name == "here"


def test_each_mistake_has_its_line_and_a_remedy(file):
    path = file(
        "# a comment\n\n[audio]\nchanel = 1\n[page]\nport = 99999\n[[task]]\nmodel = 'a'\n[[task]]\n"
        "thresholds = {\n".replace("{\n", "{ ")
        + "alexa = 2 }\n[quiet]\nhours = [\n  '22:00-07:00',\n  'late']\n[sinks]\n[sink.carrier_pigeon]\n"
    )
    found = problems(path)
    at = {field: (p.line, p.text) for field, p in found.items()}
    assert at["audio.chanel"] == (4, "no such field; did you mean channel?")
    assert at["page.port"][0] == 6 and "99999" in at["page.port"][1] and "65535" in at["page.port"][1]
    assert at["task[1].model"] == (9, "is missing; give it")
    assert at["task[1].thresholds.alexa"][0] == 10
    assert at["quiet.hours"] == (12, "'late' is no span of time; write \"22:00-07:00\"")
    assert at["sinks"] == (15, "no such section; did you mean sink?")
    assert at["sink.carrier_pigeon"][0] == 16 and "no such sink" in at["sink.carrier_pigeon"][1]
    assert str(found["audio.chanel"]).startswith(f"{path}:4: audio.chanel: ")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[audio\n", 1, "not TOML"),
        ("[audio]\n[page]\nport = \n", 3, "not TOML"),
        ("x = '''\n", 1, "not TOML"),
        ("[a]\n[a]\n", 2, "not TOML"),
    ],
)
def test_a_file_that_is_no_toml(file, text, line, words):
    (problem,) = problems(file(text)).values()
    assert problem.line == line and words in problem.text


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    assert "cannot be read" in problems(tmp_path / "none.toml")[""].text
    (tmp_path / "b.toml").write_bytes(b"a = '\xff'")
    assert "UTF-8" in problems(tmp_path / "b.toml")[""].text


def test_mistakes_in_the_environment_and_on_the_command_line_name_them(file):
    found = problems(file(""), {"NUTHATCH_AUDIO__RATE_HZ": "fast"}, {"audio.channel": "left"})
    assert found["audio.rate_hz"].place == "NUTHATCH_AUDIO__RATE_HZ" and found["audio.channel"].place == "command line"
    assert problems(file(""), {"NUTHATCH_AUDO__DEVICE": "x"})["audo"].text.endswith("did you mean audio?")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[page]\nhost = "0.0.0.0"', "needs token"),
        ('[page]\ntls_key = "a"', "go together"),
        ('[page]\ntoken = "0123456789abcdef"\ntoken_file = "a"', "give one"),
        ('[[task]]\nmodel = "a"\n[[task]]\nmodel = "a"', "two tasks"),
        ('[[task]]\nmodel = "a"\ngate = "b"', "waits for b"),
        ('[[task]]\nmodel = "a"\nbackend = "abacus"', "litert"),
        ("[quiet]\nhours = ['07:00-07:00']", "whole day"),
        ("sink = 3", "write [sink.mqtt]"),
        ("task = 3", "list"),
    ],
)
def test_what_does_not_fit_together(file, text, words):
    assert any(words in p.text for p in problems(file(text)).values())


def test_a_secret_is_in_no_message_and_not_shown(file):
    short = problems(file('[page]\ntoken = "hunter2"'))["page.token"]
    assert "hunter2" not in str(short) and "16" in short.text
    config = load(file('[page]\ntoken = "hunter2hunter2hunter2"'), {})
    for text in (shown(config), str(plain(config)), repr(config), str(config)):
        assert "hunter2" not in text
    assert f'token = "{HIDDEN}"' in shown(config)


def test_what_is_shown_is_a_configuration_that_says_the_same(file, tmp_path):
    config = load(file('[audio]\ndevice = "a \\"b\\" ü"\n[[task]]\nmodel = "a"\nthresholds = {"x y" = 0.5}\n'), {})
    again = tmp_path / "again.toml"
    again.write_text(shown(config))
    assert load(again, {}) == config


def test_the_example_is_right_as_it_is_and_with_each_line_switched_on(file):
    text = example()
    assert load(file(text), {}).task[0].model == "wake_alexa"
    for table in tables(schema()):
        assert f"[{table.path}]" in text
        assert all(re.search(rf"^#?{row.name} = ", text, re.M) for row in table.rows), table.path
    own = "\n\n".join(part for part in text.split("\n\n") if "[sink." not in part)
    switched = re.sub(r"^#(?!token_file)(?=\w+ = )", "", own, flags=re.M)
    assert switched.count("\n#token_file") == 1 and load(file(switched), {}).quiet.hours == ["22:00-07:00"]


def test_every_field_has_a_title_and_a_description():
    rows = [(table.path, row) for table in tables(schema()) for row in table.rows]
    assert len(rows) > 30
    for path, row in rows:
        assert row.title and row.title != row.name and row.description and row.kind != "anything", (path, row.name)


def test_a_secret_may_lie_in_a_file_or_with_the_services_credentials(tmp_path):
    (tmp_path / "own").write_text("one\n")
    (tmp_path / "secrets_page_token").write_text("two\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert secret_of(None, tmp_path / "own", environ) == "one"
    assert secret_of(None, Path("page_token"), environ) == "two"
    assert secret_of(None, None, environ) is None
    with pytest.raises(SecretError, match="absent: cannot be read"):
        secret_of(None, tmp_path / "absent", environ)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda c: (
            st.lists(c, max_size=3)
            | st.dictionaries(st.sampled_from([*Config.model_fields, "model", "port", "mqtt", "x"]), c, max_size=4)
        ),
        max_leaves=20,
    )
)
def test_whatever_the_file_says_it_is_a_configuration_or_a_list_of_problems(values):
    if not isinstance(values, dict):
        return
    try:
        assert isinstance(check([Layer("a.toml", values)]), Config)
    except ConfigError as e:
        assert all(p.text and "\n" not in str(p) for p in e.problems)


def test_lines_of_statements_over_several_lines():
    text = 'a = """\n[b]\nx = 1\n"""\n\n# c\n[b]\nx = [\n 1,\n]\n[[t]]\n\n[[t]]\ny.z = 1\n'
    paths = (["a"], ["b"], ["b", "x"], ["t", 1], ["t", 1, "y", "z"], ["t", 1, "no"], ["no"])
    assert [line_of(text, path) for path in paths] == [1, 7, 8, 13, 14, 13, 0]
