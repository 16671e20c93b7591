"""Stands in for lmms-eval 0.7.3."""
