"""Small .tflite files written by hand, so that the daemon is tested without the converter."""

from dataclasses import dataclass, field
from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as s

from edge.frontend.config import FrontendConfig
from edge.manifest import Decision, Manifest, OperatingPoint, Quantization, Scene, Stream, file_entry, open_bundle

INT8 = (s.TensorType.INT8, np.int8)
INT32 = (s.TensorType.INT32, np.int32)


@dataclass
class Graph:
    """Tensors and operators in the order in which they are added."""

    tensors: list = field(default_factory=list)
    buffers: list = field(default_factory=lambda: [s.BufferT()])
    operators: list = field(default_factory=list)
    codes: list = field(default_factory=list)

    def tensor(self, name, shape, scale=1.0, zero_point=0, data=None, kind=INT8):
        t = s.TensorT()
        t.name, t.shape, t.type, t.buffer = name, list(shape), kind[0], 0
        t.quantization = s.QuantizationParametersT()
        t.quantization.scale, t.quantization.zeroPoint = [scale], [zero_point]
        if data is not None:
            buffer = s.BufferT()
            buffer.data = np.ascontiguousarray(data, kind[1]).view(np.uint8).reshape(-1)
            self.buffers.append(buffer)
            t.buffer = len(self.buffers) - 1
        self.tensors.append(t)
        return len(self.tensors) - 1

    def constant(self, name, values):
        """int32 constant, such as an operator's shape argument."""
        values = np.asarray(values, np.int32)
        return self.tensor(name, values.shape, data=values, kind=INT32)

    def op(self, name, inputs, outputs, options=None, options_type=0):
        code = getattr(s.BuiltinOperator, name)
        if code not in self.codes:
            self.codes.append(code)
        o = s.OperatorT()
        o.opcodeIndex, o.inputs, o.outputs = self.codes.index(code), inputs, outputs
        o.builtinOptions, o.builtinOptionsType = options, options_type
        self.operators.append(o)

    def write(self, path: Path, inputs, outputs) -> Path:
        sub = s.SubGraphT()
        sub.tensors, sub.operators, sub.inputs, sub.outputs = self.tensors, self.operators, inputs, outputs
        model = s.ModelT()
        model.version, model.subgraphs, model.buffers = 3, [sub], self.buffers
        model.operatorCodes = [_code(c) for c in self.codes]
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
        path.write_bytes(bytes(builder.Output()))
        return path


def _code(code):
    c = s.OperatorCodeT()
    c.builtinCode, c.deprecatedBuiltinCode, c.version = code, min(code, 127), 3
    return c


def concat(g, parts, name, shape, scale, zero_point):
    options = s.ConcatenationOptionsT()
    options.axis = 1
    y = g.tensor(name, shape, scale, zero_point)
    g.op("CONCATENATION", parts, [y], options, s.BuiltinOptions.ConcatenationOptions)
    return y


def last_rows(g, x, name, keep, scale, zero_point):
    """The last ``keep`` rows of x along time: a state's successor."""
    _, rows, width, channels = g.tensors[x].shape
    y = g.tensor(name, [1, keep, width, channels], scale, zero_point)
    begin = g.constant(f"{name}_begin", [0, rows - keep, 0, 0])
    size = g.constant(f"{name}_size", [1, keep, width, channels])
    g.op("SLICE", [x, begin, size], [y], s.SliceOptionsT(), s.BuiltinOptions.SliceOptions)
    return y


def dense(g, x, name, weights, bias, in_scale, w_scale, out_scale):
    """FULLY_CONNECTED over everything: weights int8 [out, in], bias int32 [out]."""
    w = g.tensor(f"{name}_w", weights.shape, w_scale, 0, weights)
    b = g.tensor(f"{name}_b", bias.shape, in_scale * w_scale, 0, bias, INT32)
    y = g.tensor(name, [1, len(weights)], out_scale, 0)
    g.op(
        "FULLY_CONNECTED",
        [x, w, b],
        [y],
        s.FullyConnectedOptionsT(),
        s.BuiltinOptions.FullyConnectedOptions,
    )
    return y


def softmax(g, x, labels):
    options = s.SoftmaxOptionsT()
    options.beta = 1.0
    y = g.tensor("scores", [1, labels], 1 / 256, -128)
    g.op("SOFTMAX", [x], [y], options, s.BuiltinOptions.SoftmaxOptions)
    return y


IN_SCALE = 1 / 16
LEVEL = 0
"""Mean feature above which the loudness model says "loud"."""


def _loudness(g, x, rows, bands):
    """Logits (quiet, loud) from the mean feature of ``rows`` frames, then softmax."""
    weights = np.ones((2, rows * bands), np.int8)
    weights[0] = -1
    bias = np.array([1, -1], np.int32) * (LEVEL * rows * bands)
    # one unit of mean feature is about .25 of logit
    logits = dense(g, x, "logits", weights, bias, IN_SCALE, 4 / (rows * bands), 0.125)
    return softmax(g, logits, 2)


def loudness_stream(path, step=3, rows=12, bands=40):
    """Step graph of the loudness model: the state is the ``rows - step`` frames before."""
    g = Graph()
    frames = g.tensor("frames", [1, step, bands, 1], IN_SCALE, -3)
    state = g.tensor("state0", [1, rows - step, bands, 1], IN_SCALE, -3)
    window = concat(g, [state, frames], "window", [1, rows, bands, 1], IN_SCALE, -3)
    after = last_rows(g, window, "state0_next", rows - step, IN_SCALE, -3)
    return g.write(path, [frames, state], [_loudness(g, window, rows, bands), after])


def loudness_model(path, rows=12, bands=40):
    """The offline graph of the same."""
    g = Graph()
    window = g.tensor("window", [1, rows, bands, 1], IN_SCALE, -3)
    return g.write(path, [window], [_loudness(g, window, rows, bands)])


def conv(g, x, name, out_shape, kernel, depthwise=False, seed=0):
    """int8 convolution without padding, random weights, fused ReLU."""
    rng = np.random.default_rng(seed)
    channels = g.tensors[x].shape[3]
    out = out_shape[3]
    shape = [1, *kernel, channels] if depthwise else [out, *kernel, channels]
    w = g.tensor(f"{name}_w", shape, 0.02, 0, rng.integers(-64, 64, shape))
    b = g.tensor(f"{name}_b", [out], 0.002, 0, np.zeros(out), INT32)
    y = g.tensor(name, out_shape, 0.1, -128)
    options = s.DepthwiseConv2DOptionsT() if depthwise else s.Conv2DOptionsT()
    options.padding, options.strideH, options.strideW = s.Padding.VALID, 1, 1
    options.dilationHFactor = options.dilationWFactor = 1
    options.fusedActivationFunction = s.ActivationFunctionType.RELU
    if depthwise:
        options.depthMultiplier = 1
        g.op("DEPTHWISE_CONV_2D", [x, w, b], [y], options, s.BuiltinOptions.DepthwiseConv2DOptions)
    else:
        g.op("CONV_2D", [x, w, b], [y], options, s.BuiltinOptions.Conv2DOptions)
    return y


def realistic_stream(path, step=3, bands=40, channels=64, kernels=(5, 9, 13, 21), labels=2):
    """A step graph of a wake word model's size (about 40 k weights), random weights: for measuring costs."""
    g = Graph()
    frames = g.tensor("frames", [1, step, bands, 1], 0.1, -128)
    states, after = [], []

    def with_state(x, keep, i):
        _, rows, width, depth = g.tensors[x].shape
        state = g.tensor(f"state{i}", [1, keep, width, depth], 0.1, -128)
        window = concat(g, [state, x], f"window{i}", [1, keep + rows, width, depth], 0.1, -128)
        states.append(state)
        after.append(last_rows(g, window, f"state{i}_next", keep, 0.1, -128))
        return window

    x = conv(g, with_state(frames, 2, 0), "first", [1, step, 1, channels], (3, bands))
    for i, k in enumerate(kernels, 1):
        x = conv(g, with_state(x, k - 1, i), f"dw{i}", [1, step, 1, channels], (k, 1), True, i)
        x = conv(g, x, f"pw{i}", [1, step, 1, channels], (1, 1), seed=10 + i)
    rng = np.random.default_rng(99)
    window = with_state(x, 20 - step, len(kernels) + 1)
    weights = rng.integers(-64, 64, (labels, 20 * channels)).astype(np.int8)
    logits = dense(g, window, "logits", weights, np.zeros(labels, np.int32), 0.1, 0.01, 0.25)
    scores = softmax(g, logits, labels)
    return g.write(path, [frames, *states], [scores, *after])


def loudness_bundle(folder, step=3, rows=12, points=(("default", 0.8),)):
    """A whole bundle of the loudness model."""
    folder.mkdir(parents=True, exist_ok=True)
    frontend = FrontendConfig()
    files = {
        "model.tflite": loudness_model(folder / "model.tflite", rows, frontend.bands),
        "stream.tflite": loudness_stream(folder / "stream.tflite", step, rows, frontend.bands),
    }
    Manifest(
        name=folder.name,
        labels=["quiet", "loud"],
        targets=["loud"],
        frontend=frontend,
        window_frames=rows,
        input=Quantization(IN_SCALE, -3),
        output=Quantization(1 / 256, -128),
        files={name: file_entry(path) for name, path in files.items()},
        stream=Stream(step, rows, (rows - step) * frontend.bands),
        decision=Decision(window_steps=3, refractory_ms=500),
        operating_points=[OperatingPoint(name, {"loud": value}) for name, value in points],
    ).write(folder)
    return folder


def loudness_scene(folder, rows=12, scene=None):
    """The loudness model as scenes: both labels are states. Opened."""
    folder.mkdir(parents=True, exist_ok=True)
    frontend = FrontendConfig()
    Manifest(
        name=folder.name,
        labels=["quiet", "loud"],
        targets=["quiet", "loud"],
        frontend=frontend,
        window_frames=rows,
        input=Quantization(IN_SCALE, -3),
        output=Quantization(1 / 256, -128),
        files={"model.tflite": file_entry(loudness_model(folder / "model.tflite", rows, frontend.bands))},
        task="scene",
        scene=scene or Scene(rows // 2),
    ).write(folder)
    return open_bundle(folder)
