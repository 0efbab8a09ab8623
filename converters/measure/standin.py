"""Stand-ins for models that others published figures of: the same shapes, random weights.

A model's instructions hardly depend on its weights, so these are to be compared with figures of the real ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from converters.compile import Source
from converters.emit.about import About
from converters.emit.tflite import emit
from converters.error import ConvertError
from converters.graph import Graph
from converters.measure.random_network import RandomNetwork
from converters.ops.add.op import Add
from converters.ops.average_pool.op import AveragePool
from converters.ops.logistic.op import Logistic
from converters.ops.reshape.op import Reshape
from converters.ops.softmax.op import Softmax
from converters.read_tflite import parse

LABEL = "stand-in: same shapes, random weights"
STAND_INS: dict[str, Callable[[], Graph]] = {}


def standin(make: Callable[[], Graph]) -> Callable[[], Graph]:
    """Makes the function's name a model's name."""
    STAND_INS[make.__name__] = make
    return make


def open_standin(name: str) -> Source:
    """As a file, so that every reader and judge treats it like any other. Raises ConvertError."""
    if name not in STAND_INS:
        raise ConvertError(f"no stand-in {name!r}; there are {', '.join(STAND_INS)}")
    content = emit(STAND_INS[name]())
    return Source(About(name, hashlib.sha256(content).hexdigest()), parse(content, name), content)


# MobileNetV1 (Howard et al. 2017, table 1) with a quarter of the channels: stride and channels of each block.
_BLOCKS = ((1, 16), (2, 32), (1, 32), (2, 64), (1, 64), (2, 128), *((1, 128),) * 5, (2, 256), (1, 256))


def _mobilenet(n: RandomNetwork) -> None:
    """After the first layer: depthwise 3x3 and pointwise, thirteen times; the mean of what is left."""
    for stride, channels in _BLOCKS:
        n.depthwise((3, 3), (stride, stride))
        n.conv(channels, (1, 1))
    n.append(AveragePool((3, 3), size=(3, 3)))


@standin
def vww_96() -> Graph:
    """MLPerf Tiny's visual wake words: MobileNetV1 0.25, 96 x 96 x 3."""
    n = RandomNetwork((1, 96, 96, 3))
    n.conv(8, (3, 3), (2, 2))
    _mobilenet(n)
    n.append(Reshape((1, 256)))
    n.dense(2)
    n.append(Softmax())
    return n.graph()


@standin
def person_detect() -> Graph:
    """TFLM's example: the same on one channel, its first layer a depthwise convolution, its last a pointwise one."""
    n = RandomNetwork((1, 96, 96, 1))
    n.depthwise((3, 3), (2, 2), multiplier=8)
    _mobilenet(n)
    n.conv(2, (1, 1))
    n.append(Reshape((1, 2)))
    n.append(Softmax())
    return n.graph()


@standin
def ad01() -> Graph:
    """MLPerf Tiny's anomaly detection: an autoencoder of 640-128x4-8-128x4-640, normalization folded."""
    n = RandomNetwork((1, 640))
    for channels in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        n.dense(channels, relu=True)
    n.dense(640)
    return n.graph()


@standin
def kws_ref_model() -> Graph:
    """MLPerf Tiny's keyword spotting: a DS-CNN of 64 channels (Zhang et al. 2017) on 49 x 10."""
    n = RandomNetwork((1, 49, 10, 1))
    n.conv(64, (10, 4), (2, 2))
    for _ in range(4):
        n.depthwise((3, 3))
        n.conv(64, (1, 1))
    n.append(AveragePool((25, 5), size=(25, 5)))
    n.append(Reshape((1, 64)))
    n.dense(12)
    n.append(Softmax())
    return n.graph()


@standin
def pretrainedResnet_quant() -> Graph:
    """MLPerf Tiny's image classification: a ResNet of three blocks, 32 x 32 x 3."""
    n = RandomNetwork((1, 32, 32, 3))
    n.conv(16, (3, 3))
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        _residual(n, channels, stride)
    n.append(AveragePool((8, 8), size=(8, 8)))
    n.append(Reshape((1, 64)))
    n.dense(10)
    n.append(Softmax())
    return n.graph()


def _residual(n: RandomNetwork, channels: int, stride: int) -> None:
    start = n.at
    n.conv(channels, (3, 3), (stride, stride))
    n.conv(channels, (3, 3), relu=False)
    main, n.at = n.at, start
    if stride > 1:
        n.conv(channels, (1, 1), (stride, stride), relu=False)
    n.append(Add("RELU"), n.at, main)


@standin
def str_ww_ref_model() -> Graph:
    """MLPerf Tiny's streaming wake word: depthwise over time and pointwise, 30 x 40, nothing padded."""
    n = RandomNetwork((1, 30, 1, 40))
    for frames, channels in ((3, 128), (5, 128), (10, 128), (15, 32)):
        n.depthwise((frames, 1), pad="VALID", relu=False)
        n.conv(channels, (1, 1))
    n.append(Reshape((1, 32)))
    n.dense(3)
    n.append(Softmax())
    return n.graph()


@standin
def micro_speech_quantized() -> Graph:
    """TFLM's example: one depthwise convolution of 10 x 8 on 49 x 40, one fully connected layer."""
    n = RandomNetwork((1, 1960))
    n.append(Reshape((1, 49, 40, 1)))
    n.depthwise((10, 8), (2, 2), multiplier=8)
    n.dense(4)
    n.append(Softmax())
    return n.graph()


@standin
def hey_jarvis() -> Graph:
    """microWakeWord's step: convolutions over time whose last frames are states."""
    return _mixed(first=30, channels=60)


@standin
def vad() -> Graph:
    """microWakeWord's voice activity: channels chosen to meet its 13.8k multiply-accumulates."""
    return _mixed(first=18, channels=48)


def _mixed(first: int, channels: int) -> Graph:
    n = RandomNetwork((1, 3, 1, 40))
    n.remember(2)
    n.conv(first, (5, 1), (3, 1), "VALID")
    for frames in (5, 9, 13, 21):
        n.remember(frames - 1)
        n.depthwise((frames, 1), pad="VALID", relu=False)
        n.conv(channels, (1, 1), pad="VALID")
    n.remember(4)
    n.append(Reshape((1, 5 * channels)))
    n.dense(1)
    n.append(Logistic())
    return n.graph()
