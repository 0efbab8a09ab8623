"""A network for pictures written by hand: what is red is a person."""

import numpy as np
from ai_edge_litert import schema_py_generated as s
from tiny_model import INT32, Graph

from edge.frontend.config import FrontendConfig
from edge.manifest import Manifest, Picture, Quantization, file_entry

IN_SCALE, LOGIT_SCALE = 1 / 64, 1 / 16
RED, GREY = (220, 20, 20), (120, 120, 120)
"""A person, and no person."""


def red_model(path, height=64, width=64):
    """int8 [1, H, W, 3] -> sigmoid(4 * (red - the mean of green and blue) - 4), each colour in units of 64."""
    g = Graph()
    x = g.tensor("picture", [1, height, width, 3], IN_SCALE, 0)
    weights = np.array([[[[100, -50, -50]]]], np.int8)
    w = g.tensor("w", weights.shape, 4 / 100, 0, weights)
    bias = np.array([round(-4 / (IN_SCALE * 4 / 100))], np.int32)
    b = g.tensor("b", [1], IN_SCALE * 4 / 100, 0, bias, INT32)
    logits = g.tensor("logits", [1, height, width, 1], LOGIT_SCALE, 0)
    options = s.Conv2DOptionsT()
    options.padding, options.strideH, options.strideW = s.Padding.VALID, 1, 1
    options.dilationHFactor = options.dilationWFactor = 1
    g.op("CONV_2D", [x, w, b], [logits], options, s.BuiltinOptions.Conv2DOptions)
    mask = g.tensor("mask", [1, height, width, 1], 1 / 256, -128)
    g.op("LOGISTIC", [logits], [mask])
    return g.write(path, [x], [mask])


def red_bundle(folder, height=64, width=64, rate_hz=10.0, presence=0.01):
    """A whole bundle of it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = red_model(folder / "model.tflite", height, width)
    Manifest(
        name=folder.name,
        labels=["background", "person"],
        targets=["person"],
        frontend=FrontendConfig(),
        window_frames=1,
        input=Quantization(IN_SCALE, 0),
        output=Quantization(1 / 256, -128),
        files={"model.tflite": file_entry(path)},
        task="portrait",
        picture=Picture(height, width, rate_hz, presence),
    ).write(folder)
    return folder


def scene(x=0.5, width=96, height=72, side=0.4):
    """uint8 [H, W, 3]: a red square of that side (of the height) around x (of the width), on grey."""
    rgb = np.full((height, width, 3), GREY, np.uint8)
    half = round(side * height / 2)
    if half:
        column = round(x * width)
        rgb[height // 2 - half : height // 2 + half, max(0, column - half) : max(0, column + half)] = RED
    return rgb
