"""The smallest model that takes a frame."""

from converters.graph import Graph, Node, Quantization, Tensor
from converters.ops.logistic.op import Logistic


def sigmoid(rows: int, columns: int, channels: int) -> Graph:
    """A sigmoid of an image: int8 [1, rows, columns, channels] in and out."""
    shape = (1, rows, columns, channels)
    x = Tensor("x", shape, "int8", Quantization.of(1 / 16))
    y = Tensor("y", shape, "int8", Quantization.of(1 / 256, -128))
    return Graph(("x",), ("y",), (Node(Logistic(), ("x",), ("y",)),), {"x": x, "y": y}).validate()
