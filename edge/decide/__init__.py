"""Scores to events: smoothing, threshold, refractory time."""

from edge.decide.keyword import KeywordDecider, refractory_steps, simulate, smooth, threshold_integer

__all__ = ["KeywordDecider", "refractory_steps", "simulate", "smooth", "threshold_integer"]
