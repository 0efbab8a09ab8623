"""`nuthatch listen` as the suite's judge of events."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from images import FOLDER

from converters.compile import Source, compile_model
from converters.emit.c import emit
from converters.library import PREFIX, abi_source, build, default_path
from converters.target import target
from edge.daemon.listen import Listener
from edge.manifest import Bundle
from edge.runtime.native import library_paths
from edge.tasks.keyword import KeywordTask

RATE_HZ = 16_000
Heard = tuple[int, str, float]
"""Samples to the end of the last one that the score saw, label, score."""


def hear(bundle: Bundle, source: Source, samples: np.ndarray) -> list[Heard]:
    """The events of int16 samples, without those in the silence behind the end.

    By the native backend, whose integers are the firmware's; LiteRT's scores may differ in the last one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(FOLDER / "cache"))
        _library(bundle, source)
        thresholds = bundle.manifest.operating_points[0].thresholds
        listener = Listener([KeywordTask(bundle, thresholds, backend="native")])
    return [(round(e.time_s * RATE_HZ), e.label, e.score) for e in listener.push(samples)]


@cache
def _made() -> set[str]:
    """Hashes of the libraries that this session has built: an older one may be of other kernels."""
    return set()


def _library(bundle: Bundle, source: Source) -> None:
    if source.about.sha256 in _made() and any(p.is_file() for p in library_paths(bundle)):
        return
    plan = compile_model(source, target("host"))
    build({**emit(plan, PREFIX), "abi.c": abi_source(bundle, plan)}, default_path(bundle))
    _made().add(source.about.sha256)
