"""Damaged, rearranged and random files: refused in a line, or computed as TFLM computes them."""

from __future__ import annotations

import contextlib
import importlib.util
import pkgutil
import random
import struct
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import fuzz
import numpy as np
import op_cases
import pytest
import real_models
from hypothesis import given, settings
from hypothesis import strategies as st

from converters import ops
from converters.emit.c import emit as emit_c
from converters.emit.tflite import emit
from converters.error import ConvertError
from converters.graph import MAX_STATE_BYTES
from converters.native import compiled
from converters.plan import plan
from converters.read_tflite import parse
from converters.run import outputs
from converters.target import target

FOLDERS = sorted(m.name for m in pkgutil.iter_modules(ops.__path__) if m.ispkg)
CASES = [emit(op_cases.case_for(folder, seed).graph) for folder in FOLDERS for seed in range(3)]
MODELS = [p.read_bytes() for p in real_models.MODELS if p.stem not in real_models.REFUSED]
SEEDS = st.integers(0, 2**32 - 1)
Mutate = Callable[[bytes, random.Random], bytes]


@pytest.fixture(scope="module")
def judge() -> Iterator[fuzz.Judge]:
    found = fuzz.Judge()
    yield found
    found.close()


@pytest.fixture(scope="module")
def ends() -> Iterator[Counter[str]]:
    """What became of the files, all tests together."""
    found: Counter[str] = Counter()
    yield found
    assert found["refused"] > 50 and found["equal"] > 50, found


@pytest.mark.parametrize("mutate", [fuzz.flipped, fuzz.rearranged])
@settings(max_examples=350, deadline=None)
@given(seed=SEEDS)
def test_one_operator(mutate, judge, ends, seed):
    rng = random.Random(seed)
    ends[fuzz.require_refused_or_right(mutate(rng.choice(CASES), rng), judge)] += 1


@pytest.mark.parametrize("mutate", [fuzz.flipped, fuzz.rearranged])
@settings(max_examples=60, deadline=None)
@given(seed=SEEDS)
def test_real_files(mutate, judge, ends, seed):
    rng = random.Random(seed)
    ends[fuzz.require_refused_or_right(mutate(rng.choice(MODELS), rng), judge)] += 1


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_two_files_spliced(judge, ends, data):
    a, b = (data.draw(st.sampled_from(CASES)) for _ in range(2))
    at, to = data.draw(st.integers(8, len(a))), data.draw(st.integers(8, len(b)))
    ends[fuzz.require_refused_or_right(a[:at] + b[to:], judge)] += 1


def test_what_is_accepted_runs_as_c(tmp_path):
    """A few of the mutated files that compile, built with the host's compiler."""
    built = 0
    for seed in range(200):
        rng = random.Random(seed)
        content = fuzz.rearranged(rng.choice(CASES), rng)
        try:
            graph = parse(content)
            emit_c(plan(graph, target("host")))
        except ConvertError:
            continue
        if graph.states or len(parse(content).nodes) == 0 or built == 8:
            continue
        model = compiled(graph, tmp_path / str(seed))
        for inputs in real_models.random_inputs(graph, 2):
            for a, b in zip(model.run(inputs), outputs(graph, inputs), strict=True):
                np.testing.assert_array_equal(a, b, err_msg=f"seed {seed}")
        built += 1
    assert built == 8


def test_a_claim_costs_no_memory():
    """Every number of a file in turn claims millions: a length, an index, a size to slice or resize to."""
    tracemalloc.start()
    for content in CASES:
        for at in range(8, len(content) - 3, 4):
            claimed = content[:at] + struct.pack("<I", 1 << 24) + content[at + 4 :]
            with contextlib.suppress(ConvertError):
                parse(claimed)
            peak_bytes = tracemalloc.get_traced_memory()[1]
            assert peak_bytes < 4 * MAX_STATE_BYTES, f"{peak_bytes:,} bytes for byte {at} of {parse(content).nodes}"
    tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed: pip install atheris")
def test_coverage_guided(tmp_path):
    """atheris ends the process itself: it runs in one of its own. The same seed finds the same files every time;
    let it search on with another one and ``-max_total_time=3600``."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for i, content in enumerate(CASES):
        (corpus / f"{i}.tflite").write_bytes(content)
    command = [sys.executable, str(Path(__file__).parent / "fuzz_atheris.py"), str(corpus), "-seed=1", "-runs=300000"]
    done = subprocess.run([*command, "-max_len=8192"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
