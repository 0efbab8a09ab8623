"""Scores to events: smoothing, threshold, refractory time."""

from edge.decide.keyword import KeywordDecider, refractory_steps, simulate, smooth, threshold_integer
from edge.decide.scene import UNKNOWN, SceneDecider

__all__ = ["UNKNOWN", "SceneDecider", "KeywordDecider", "refractory_steps", "simulate", "smooth", "threshold_integer"]
