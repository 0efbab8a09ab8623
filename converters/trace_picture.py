"""A network for pictures -> float graph [1, H, W, 3] -> [1, H, W, channels]."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from converters.graph import Graph, Tensor
from converters.passes.absorb_pad import absorb_pad
from converters.passes.drop_dead import drop_dead
from converters.passes.fuse_activation import fuse_activation
from converters.passes.shuffle import fold_shuffle
from converters.passes.sink_norm import gather_norm, sink_norm
from converters.trace import walk

if TYPE_CHECKING:
    import torch


def trace_picture(network: torch.nn.Module, height: int, width: int) -> Graph:
    """Float graph; raises ConvertError naming the layer that has no counterpart.

    The tracer puts torch's last axis first, because there it is time. A picture's rows come first in a file: the
    network is traced on the picture turned over its diagonal, with its kernels turned over as well.
    """
    tracer, result = walk(turned_over(network), Tensor("picture", (1, height, width, 3)))
    graph = Graph(("picture",), (tracer.plain(result).name,), tuple(tracer.nodes), tracer.tensors)
    return drop_dead(graph).validate()


def turned_over(network: torch.nn.Module) -> torch.nn.Module:
    """f with f(x transposed) = network(x) transposed. Sizes in the network must come from its tensors' shapes."""
    import torch

    network = copy.deepcopy(network)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.weight.data = module.weight.data.transpose(2, 3).contiguous()
            for name in ("kernel_size", "stride", "padding", "dilation"):
                value = getattr(module, name)
                setattr(module, name, value if isinstance(value, str) else tuple(value[::-1]))
        elif isinstance(module, torch.nn.AvgPool2d | torch.nn.MaxPool2d):
            for name in ("kernel_size", "stride"):
                value = getattr(module, name)
                setattr(module, name, value if isinstance(value, int) else tuple(value[::-1]))
    return network


def simplify_picture(graph: Graph) -> Graph:
    """A traced float graph, ready to be quantized."""
    for rewrite in (absorb_pad, sink_norm, fold_shuffle, gather_norm, fuse_activation, drop_dead):
        graph = rewrite(graph)
    return graph.validate()
