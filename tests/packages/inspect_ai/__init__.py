"""Stands in for Inspect AI."""
