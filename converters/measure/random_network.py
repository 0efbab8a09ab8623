"""Int8 networks of given shapes with random weights, quantized by what one random input does in them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from converters.graph import Graph, Node, Quantization, Shape, State, Tensor
from converters.ops import Op
from converters.ops.concatenation.op import Concatenation
from converters.ops.conv.op import Conv
from converters.ops.depthwise_conv.op import DepthwiseConv
from converters.ops.fully_connected.op import FullyConnected
from converters.ops.strided_slice.op import StridedSlice
from converters.ops.window import NO_PADS, Pads, same_pads

# Of values between -128 and 127, all alike, to the variance 1.
INPUT = Quantization.of(1 / 74)


@dataclass
class RandomNetwork:
    """Built layer by layer; ``at`` is the tensor that the next layer reads. Activations keep to about [-4, 4]."""

    shape: Shape
    seed: int = 1
    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    states: list[State] = field(default_factory=list)
    sample: dict[str, np.ndarray] = field(default_factory=dict)
    """Real values of each tensor for one random input."""

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.tensors["x"] = Tensor("x", self.shape, "int8", INPUT)
        self.sample["x"] = (self.rng.integers(-128, 128, self.shape) / 74).astype(np.float32)
        self.at = "x"

    def conv(
        self, channels: int, kernel: Shape, stride: tuple[int, int] = (1, 1), pad: str = "SAME", relu: bool = True
    ) -> None:
        """Convolution with bias."""
        weights = (channels, *kernel, self.tensors[self.at].shape[3])
        op = Conv(stride, pads=self._pads(kernel, stride, pad), activation="RELU" if relu else "NONE")
        self._layer(op, weights, 0, channels)

    def depthwise(
        self, kernel: Shape, stride: tuple[int, int] = (1, 1), multiplier: int = 1, pad: str = "SAME", relu: bool = True
    ) -> None:
        channels = self.tensors[self.at].shape[3] * multiplier
        op = DepthwiseConv(stride, pads=self._pads(kernel, stride, pad), activation="RELU" if relu else "NONE")
        self._layer(op, (1, *kernel, channels), 3, channels)

    def dense(self, channels: int, relu: bool = False) -> None:
        """Fully connected, one scale for all weights."""
        depth = int(np.prod(self.tensors[self.at].shape))
        self._layer(FullyConnected("RELU" if relu else "NONE"), (channels, depth), None, channels)

    def remember(self, frames: int) -> None:
        """The last ``frames`` frames before the current ones, kept from step to step."""
        x = self.tensors[self.at]
        read = Tensor(f"state{len(self.states)}", (1, frames, *x.shape[2:]), "int8", x.quantization)
        self.tensors[read.name] = read
        self.sample[read.name] = np.resize(self.sample[x.name], read.shape)
        self.append(Concatenation(1), read.name, x.name, quantization=x.q)
        whole = self.tensors[self.at]
        cut = StridedSlice((0, x.shape[1], 0, 0), whole.shape, (1, 1, 1, 1))
        self.append(cut, whole.name, quantization=x.q)
        self.states.append(State(read.name, self.at, np.full(read.shape, x.q.zero_point, np.int8)))
        self.at = whole.name

    def append(self, op: Op, *inputs: str, quantization: Quantization | None = None) -> None:
        """Any operator, on ``at`` if no inputs are named."""
        import torch

        names = inputs or (self.at,)
        args = [self.tensors[n] for n in names]
        real = op.forward(*(torch.from_numpy(self.sample[n]) for n in names)).numpy()
        fixed = quantization or op.fixed_output or (args[0].q if op.keeps_scale else _fitting(real))
        out = Tensor(f"layer{len(self.nodes)}", op.shape(args), "int8", fixed)
        self.sample[out.name] = np.ascontiguousarray(real.reshape(out.shape))
        self.nodes.append(Node(op, names, (out.name,)))
        self.tensors[out.name] = out
        self.at = out.name

    def graph(self) -> Graph:
        return Graph(("x",), (self.at,), tuple(self.nodes), self.tensors, tuple(self.states)).validate()

    def _pads(self, kernel: Shape, stride: tuple[int, int], pad: str) -> Pads:
        shape = self.tensors[self.at].shape
        return same_pads(shape, (kernel[0], kernel[1]), stride) if pad == "SAME" else NO_PADS

    def _layer(self, op: Op, shape: Shape, axis: int | None, channels: int) -> None:
        """Weights that keep the variance (He et al. 2015, eq. 10), per channel along ``axis``."""
        fan_in = int(np.prod(shape)) // channels
        real = self.rng.standard_normal(shape) * np.sqrt(2 / fan_in)
        others = tuple(i for i in range(len(shape)) if i != axis) if axis is not None else None
        scales = np.abs(real).max(axis=others, keepdims=True).astype(np.float32) / 127
        q = Quantization(tuple(float(s) for s in scales.ravel()), (0,) * scales.size, axis or 0)
        weights = Tensor.constant(f"w{len(self.nodes)}", np.rint(real / scales).astype(np.int8), q)
        # The product as float32 has it: interpreters compare it with the scales of input and weights.
        steps = np.float32(self.tensors[self.at].q.scale) * scales.ravel()
        bias = np.rint(self.rng.standard_normal(channels) * 0.1 / np.resize(steps, channels)).astype(np.int32)
        bias_q = Quantization(tuple(float(s) for s in steps), (0,) * len(steps))
        self._constant(weights, weights.values * scales)
        self._constant(Tensor.constant(f"b{len(self.nodes)}", bias, bias_q), bias * np.resize(steps, channels))
        self.append(op, self.at, weights.name, f"b{len(self.nodes)}")

    def _constant(self, t: Tensor, real: np.ndarray) -> None:
        self.tensors[t.name] = t
        self.sample[t.name] = real.astype(np.float32)


def _fitting(real: np.ndarray) -> Quantization:
    """The range of the sample and zero."""
    low, high = min(0.0, float(real.min())), max(0.0, float(real.max()))
    scale = max((high - low) / 255, 1e-6)
    return Quantization.of(scale, round(-128 - low / scale))
