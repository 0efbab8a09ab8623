"""The wake words that are offered, and which of them a client means."""

from __future__ import annotations

from dataclasses import dataclass

from wyoming.info import Attribution, Info, WakeModel, WakeProgram

from edge.daemon.control import Control, Loaded
from edge.sink.delivery.wanted import Wanted

US = Attribution("Nuthatch", "")


@dataclass(frozen=True)
class Word:
    """One target of one model."""

    name: str
    """As it is offered: the label, or ``model/label`` where two models have the same."""
    label: str
    loaded: Loaded

    @property
    def model(self) -> str:
        return self.loaded.manifest.name

    def is_meant_by(self, name: str) -> bool:
        """Satellites may also call it by its model."""
        known = (self.name, self.label, self.model, f"{self.model}/{self.label}")
        return name.casefold() in (k.casefold() for k in known)


def words(control: Control, wanted: Wanted) -> list[Word]:
    """Of the keyword models that run now."""
    found = [
        (loaded, label)
        for loaded in control.models
        if loaded.manifest.task == "keyword" and wanted.wants_of(loaded.manifest.name)
        for label in loaded.manifest.targets
        if wanted.wants_label(label)
    ]
    labels = [label for _, label in found]
    return [
        Word(label if labels.count(label) == 1 else f"{loaded.manifest.name}/{label}", label, loaded)
        for loaded, label in found
    ]


def chosen(offered: list[Word], names: list[str] | None) -> dict[tuple[str, str], tuple[str, Word]]:
    """(Model, label) -> the name the client gave it, and the word; without names, all of them."""
    if not names:
        return {(w.model, w.label): (w.name, w) for w in offered}
    return {(w.model, w.label): (name, w) for name in names for w in offered if w.is_meant_by(name)}


def info(control: Control, wanted: Wanted) -> Info:
    """What a client is told of us."""
    models = [
        WakeModel(
            name=word.name,
            attribution=US,
            installed=True,
            description=word.label.replace("_", " "),
            version=word.loaded.model_hash,
            languages=[],
            phrase=word.label.replace("_", " "),
        )
        for word in words(control, wanted)
    ]
    program = WakeProgram(
        name=f"nuthatch {control.name}",
        attribution=US,
        installed=True,
        description=f"Nuthatch on {control.name}",
        version=control.version,
        models=models,
    )
    return Info(wake=[program])
