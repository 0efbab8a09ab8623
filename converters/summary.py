"""What a compilation came to, in numbers."""

from __future__ import annotations

from typing import Any

from converters.compile import Source
from converters.emit.c import const_bytes
from converters.emit.header import static_bytes
from converters.plan import Plan, Step


def summary(source: Source, made: Plan) -> dict[str, Any]:
    """Of the model and of each call of the generated C. Bytes are exact, of a 32-bit core."""
    macs = source.graph.macs()
    return {
        "model": source.about.name,
        "sha256": source.about.sha256,
        "target": made.target.name,
        "macs": macs,
        "recomputed_macs": max(0, made.graph.macs() - macs),
        "ram_bytes": made.arena_bytes + static_bytes(made),
        "arena_bytes": made.arena_bytes,
        "bound_bytes": made.bound_bytes,
        "state_bytes": static_bytes(made),
        "const_bytes": const_bytes(made),
        "layers": [_layer(made, s) for s in made.steps],
    }


def _layer(made: Plan, step: Step) -> dict[str, Any]:
    node, output = step.node, made.graph[step.node.name]
    return {
        "name": node.name,
        "operator": node.op.builtin,
        "kernel": step.kernel.function,
        "variant": step.kernel.variant,
        "shape": list(output.shape),
        "macs": node.op.macs(made.graph.args(node), output),
        "scratch_bytes": step.kernel.scratch_bytes,
    }
