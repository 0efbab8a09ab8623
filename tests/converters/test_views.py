"""What an operator says of memory is so: a view has its input's bytes, pieces lie in the whole where it says."""

from __future__ import annotations

import pkgutil

import numpy as np
import op_cases
import pytest

from converters import ops
from converters.error import ConvertError
from converters.graph import Tensor
from converters.ops.box import box_of_slices
from converters.ops.concatenation.op import Concatenation
from converters.ops.slice.op import Slice
from converters.ops.split_v.op import SplitV
from converters.ops.strided_slice.op import StridedSlice
from converters.ops.transpose.op import Transpose
from converters.run import run_reference

FOLDERS = sorted(m.name for m in pkgutil.iter_modules(ops.__path__) if m.ispkg)


def tensor(name: str, *shape: int, dtype: str = "int8") -> Tensor:
    return Tensor(name, shape, dtype)


@pytest.mark.parametrize("folder", FOLDERS)
def test_views_and_pieces_are_bytes_of_the_whole(folder):
    for seed in range(12):
        case = op_cases.case_for(folder, seed)
        (node,) = case.graph.nodes
        ins, outs = case.graph.args(node), [case.graph[o] for o in node.outputs]
        values = run_reference(case.graph, case.inputs)
        content = {n: np.ascontiguousarray(v).tobytes() for n, v in values.items()}
        if node.op.view_of(ins, outs):
            assert content[outs[0].name] == content[ins[0].name]
        pieces = node.op.pieces(ins, outs)
        if pieces:
            whole, parts = (ins[0], outs) if pieces.whole == "input" else (outs[0], ins)
            for part, start in zip(parts, pieces.offsets, strict=True):
                found = content[part.name]
                assert content[whole.name][start : start + len(found)] == found, (folder, seed)


def test_cuts_along_the_outermost_axis_are_pieces():
    x = tensor("x", 1, 6, 4, 3)
    parts = [tensor("a", 1, 2, 4, 3, dtype="int16"), tensor("b", 1, 4, 4, 3, dtype="int16")]
    assert Concatenation(1).pieces(parts, [x]).offsets == (0, 48)
    assert SplitV((2, 4), 1).pieces([x], [tensor("a", 1, 2, 4, 3), tensor("b", 1, 4, 4, 3)]).offsets == (0, 24)
    assert Slice((0, 2, 0, 0), (1, -1, -1, -1)).pieces([x], []).offsets == (24,)
    assert StridedSlice((0, 5, 0, 0), (1, 6, 4, 3), (1, 1, 1, 1), (1,)).pieces([x], []).offsets == (60,)


def test_what_leaves_gaps_or_repeats_is_no_piece():
    x, part = tensor("x", 1, 6, 4, 3), tensor("a", 1, 6, 2, 3)
    constant = Tensor.constant("c", np.zeros((1, 6, 4, 3), np.int8))
    assert Concatenation(2).pieces([part, part], [x]) is None
    assert Concatenation(1).pieces([x, x], []) is None
    assert Concatenation(1).pieces([x, constant], []) is None
    assert Slice((0, 0, 1, 0), (1, -1, -1, -1)).pieces([x], []) is None
    assert StridedSlice((0, 5, 0, 0), (1, -7, 4, 3), (1, -1, 1, 1)).pieces([x], []) is None


def test_a_transpose_of_axes_of_one_is_a_view():
    assert Transpose((0, 2, 1)).view_of([tensor("x", 5, 1, 7)], [])
    assert not Transpose((0, 2, 1)).view_of([tensor("x", 5, 2, 7)], [])


def test_a_box_has_the_longest_runs_and_the_fewest_loops():
    box = box_of_slices(tensor("x", 2, 6, 4, 3), [slice(None), slice(1, 5), slice(None), slice(None)])
    assert (box.run, [n.count for n in box.loops], box.x_first) == (48, [2], 12)
    box = box_of_slices(tensor("x", 6, 4, dtype="int32"), [slice(None, None, -1), slice(0, 4, 2)])
    assert (box.run, [(n.count, n.x_step) for n in box.loops], box.x_first) == (4, [(6, -16), (2, 8)], 80)
    assert box_of_slices(tensor("x", 6, 4), [slice(3, 3), slice(None)]).run == 0


def test_too_many_axes_are_named():
    x = tensor("x", 2, 2, 2, 2, 2, 2)
    with pytest.raises(ConvertError, match="y: moves values along 6 axes; the C kernel has 5"):
        Transpose((5, 4, 3, 2, 1, 0))._box(x).kernel("y")
