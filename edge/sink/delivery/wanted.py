"""Which records a sink wants: of which models, with which labels."""

from __future__ import annotations

from pydantic import Field

from edge.daemon.record import Record
from edge.daemon.sections import Section


class Wanted(Section):
    """The first fields of every sink's section."""

    models: list[str] = Field(
        default_factory=list,
        title="Models",
        description="Only what these models heard; empty for all.",
        examples=[["wake_alexa"]],
    )
    labels: list[str] = Field(
        default_factory=list,
        title="Labels",
        description="Only these labels; empty for all.",
        examples=[["alexa"]],
    )

    def wants(self, record: Record) -> bool:
        """The lists let it through."""
        return self.wants_of(record.model) and self.wants_label(record.label)

    def wants_of(self, model: str) -> bool:
        return not self.models or model in self.models

    def wants_label(self, label: str) -> bool:
        return not self.labels or label in self.labels
