"""Rewrites: one a file, each from a graph to a graph of the same meaning (``stream``: the same over time)."""

from __future__ import annotations

from converters.graph import Graph
from converters.passes.absorb_pad import absorb_pad
from converters.passes.classifier import classifier
from converters.passes.drop_dead import drop_dead
from converters.passes.fold_norm import fold_norm
from converters.passes.fuse_activation import fuse_activation
from converters.passes.split_pool import split_pool


def simplify(graph: Graph) -> Graph:
    """A traced float graph, ready to be quantized."""
    for rewrite in (absorb_pad, fold_norm, fuse_activation, classifier, split_pool, drop_dead):
        graph = rewrite(graph)
    return graph.validate()
