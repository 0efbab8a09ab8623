"""Which command brings a missing package."""

import pytest

from edge.cli import extras

REQUIRES = [
    "numpy<3,>=1.26",
    "torch<3,>=2.8; extra == 'train'",
    'torch<3,>=2.8 ; extra == "convert"',
    "flatbuffers>=25; extra == 'convert'",
    "pillow>=11; extra == 'train'",
    "pillow>=11; extra == 'camera'",
    "av>=15; extra == 'camera'",
    "hypothesis>=6; extra == 'dev'",
    "pymicro-wakeword>=2; platform_machine == 'x86_64' and extra == 'dev'",
]


@pytest.fixture(autouse=True)
def _metadata(monkeypatch):
    monkeypatch.setattr(extras, "requires", lambda _: REQUIRES)


@pytest.mark.parametrize(
    ("module", "asker", "line"),
    [
        ("torch.nn", "training.cli.train", "pip install 'nuthatch[train]'"),
        ("torch", "converters.cli.convert", "pip install 'nuthatch[convert]'"),
        ("torch", "other", "pip install 'nuthatch[train]'"),
        ("numpy", "edge", "pip install nuthatch"),
        ("av", "edge.cli.watch", "pip install 'nuthatch[camera]'"),
        ("PIL.Image", "edge.cli.watch", "pip install 'nuthatch[camera]'"),
        ("PIL", "training.cli.train", "pip install 'nuthatch[train]'"),
        ("hypothesis", "edge", None),
        ("edge.missing", "edge", None),
    ],
)
def test_the_command(module, asker, line):
    assert extras.install_line(module, asker) == line


def test_names_that_python_imports():
    assert extras.packages()["camera"] == ["PIL", "av"]


def test_packages_of_an_extra():
    assert extras.packages()["dev"] == ["hypothesis", "pymicro_wakeword"]
