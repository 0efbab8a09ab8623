"""Int8 graph over a window -> step graph: some new frames and explicit state in, scores and next state out.

A window over time sees its last ``extent - stride`` old frames again: they are its state, put before the new
frames by a concatenation; the newest frames of that are the next state. Everything else works frame by frame.
Alignment is to the newest frame throughout, so the outputs equal the offline graph's on the last window.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field

from converters.error import ConvertError
from converters.graph import TIME, Graph, Node, Tensor
from converters.ops.concatenation.op import Concatenation
from converters.ops.slice.op import Slice
from converters.passes.drop_dead import drop_dead

FRAMES = "frames"
"""Name of the step graph's input."""


def stream(graph: Graph, step_frames: int) -> Graph:
    """The step graph; raises ConvertError naming the layer that looks ahead or does not fit the step."""
    window = graph[graph.inputs[0]].shape[TIME]
    if not 1 <= step_frames <= window:
        raise ConvertError(f"--step-frames {step_frames}: must be 1 to {window}, the frames of the window")
    return _Stepper(graph, step_frames).run()


def state_bytes(step: Graph) -> int:
    """Bytes of the explicit state, int8."""
    return sum(math.prod(step[n].shape) for n in step.inputs[1:])


def warmup_frames(graph: Graph, step_frames: int) -> int:
    """Frames after a reset until the whole window has been seen, in whole steps."""
    return -(-graph[graph.inputs[0]].shape[TIME] // step_frames) * step_frames


@dataclass
class _Stepper:
    graph: Graph
    step_frames: int
    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    alias: dict[str, str] = field(default_factory=dict)
    """Offline tensor -> the step graph's tensor for its newest frames."""
    joined: dict[str, str] = field(default_factory=dict)
    """Step tensor -> the tensor with its state before it."""
    states: dict[str, str] = field(default_factory=dict)
    """State -> its successor."""

    def run(self) -> Graph:
        g = self.graph
        self.tensors = {t.name: t for t in g.tensors.values() if t.is_constant}
        window = g[g.inputs[0]]
        shape = (window.shape[0], self.step_frames, *window.shape[2:])
        self.tensors[FRAMES] = dataclasses.replace(window, name=FRAMES, shape=shape)
        self.alias[window.name] = FRAMES
        for node in g:
            self.step(node)
        outputs = tuple(self.alias.get(o, o) for o in g.outputs)
        ins, outs = (FRAMES, *self.states), (*outputs, *self.states.values())
        return drop_dead(Graph(ins, outs, tuple(self.nodes), self.tensors)).validate()

    def step(self, node: Node) -> None:
        args = self.graph.args(node)
        op = node.op.streamed(node.name, args)
        inputs = tuple(self.alias.get(i, i) for i in node.inputs)
        if op is None:
            self.alias[node.name] = inputs[0]
            return
        past = self.past(node)
        if past is not None:
            inputs = (self.with_past(inputs[0], past), *inputs[1:])
        self.add(Node(op, inputs, node.outputs), self.graph[node.name])

    def add(self, node: Node, like: Tensor) -> str:
        shape = node.op.shape([self.tensors[i] for i in node.inputs if i])
        self.tensors[node.name] = dataclasses.replace(like, name=node.name, shape=shape, data=None)
        self.nodes.append(node)
        return node.name

    def past(self, node: Node) -> int | None:
        """Old frames that a node wants before the new ones; None for a node without a window."""
        args = self.graph.args(node)
        extent, stride = node.op.time_window(args)
        if (extent, stride) == (1, 1):
            return None
        new = self.tensors[self.alias.get(node.inputs[0], node.inputs[0])].shape[TIME]
        offline = self.graph[node.name].shape
        padded = args[0].shape[TIME] + sum(getattr(node.op, "pads", (0, 0))[:2])
        if len(offline) < 4 or offline[TIME] == 1 and padded == extent:
            # All of the window becomes one value: one value a step is enough, whatever the stride.
            return self.whole(node, extent, new)
        if new % stride:
            raise ConvertError(
                f"{node.name}: {new} frames a step do not divide by its stride {stride}; "
                f"--step-frames must be a multiple of {self.step_frames // new * stride}"
            )
        # Frames at the window's end that the stride leaves unread are left unread in each step, too.
        return extent - stride + (padded - extent) % stride

    def whole(self, node: Node, extent: int, new: int) -> int:
        if new > extent:
            raise ConvertError(
                f"{node.name}: a step brings {new} frames, more than the {extent} it takes; use fewer --step-frames"
            )
        return extent - new

    def with_past(self, x: str, past: int) -> str:
        """x with that many old frames before it (fewer than none: without its oldest frames)."""
        longest = self.longest_past(x)
        source = self.join(x, longest) if longest > 0 else x
        if past == longest:
            return source
        tensor = self.tensors[source]
        cut = Slice.last_frames(tensor.shape, self.tensors[x].shape[TIME] + past)
        name = f"{x}/last{past}"
        return name if name in self.tensors else self.add(Node(cut, (source,), (name,)), tensor)

    def longest_past(self, x: str) -> int:
        """The state is as long as the reader of x with the longest memory needs; the others cut it."""
        wanted = [
            self.past(n) for n in self.graph if n.inputs[0] in self.tensors or n.inputs[0] in self.alias
            if self.alias.get(n.inputs[0], n.inputs[0]) == x
        ]  # fmt: skip
        return max((p for p in wanted if p is not None), default=0)

    def join(self, x: str, past: int) -> str:
        if x in self.joined:
            return self.joined[x]
        new = self.tensors[x]
        state = f"state{len(self.states)}"
        self.tensors[state] = dataclasses.replace(new, name=state, shape=(1, past, *new.shape[2:]))
        whole = self.add(Node(Concatenation(TIME), (state, x), (f"{x}/joined",)), new)
        self.states[state] = self.successor(state, x, whole, past)
        self.joined[x] = whole
        return whole

    def successor(self, state: str, x: str, whole: str, past: int) -> str:
        """The newest frames: x itself when it is as long as the state, else cut from what is nearest."""
        new = self.tensors[x].shape[TIME]
        if new == past and x != FRAMES:
            return x
        source = x if new >= past else whole
        cut = Slice.last_frames(self.tensors[source].shape, past)
        return self.add(Node(cut, (source,), (f"{state}/next",)), self.tensors[whole])
