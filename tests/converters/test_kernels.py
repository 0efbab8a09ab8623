"""Each operator's C is its integer reference, bit for bit; a new folder of ops/ is tested without an edit here."""

from __future__ import annotations

import pkgutil

import numpy as np
import op_cases
import pytest

from converters import ops
from converters.emit.c import emit
from converters.error import ConvertError
from converters.native import Native, build
from converters.plan import plan
from converters.run import run_steps
from converters.target import target

FOLDERS = sorted(m.name for m in pkgutil.iter_modules(ops.__path__) if m.ispkg)
SEEDS = range(12)


@pytest.mark.parametrize("folder", FOLDERS)
def test_portable_c_is_the_reference(folder, tmp_path):
    cases = [op_cases.case_for(folder, seed) for seed in SEEDS]
    try:
        plans = [plan(c.graph, target("host")) for c in cases]
    except ConvertError as e:
        pytest.skip(str(e))
    files = {name: text for i, p in enumerate(plans) for name, text in emit(p, f"m{i}").items()}
    library = build(files, tmp_path)
    for i, (case, made) in enumerate(zip(cases, plans, strict=True)):
        model = Native(library, made, f"m{i}")
        runs = [case.inputs, *(op_cases.Draw(n).like(case.inputs) for n in range(6 if case.graph.states else 0))]
        for run, wanted in zip(runs, run_steps(case.graph, runs), strict=True):
            for a, b in zip(model.run(run), wanted, strict=True):
                np.testing.assert_array_equal(a, b, err_msg=f"{folder}, seed {i}")
