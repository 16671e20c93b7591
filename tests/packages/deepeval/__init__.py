"""Stands in for DeepEval."""
