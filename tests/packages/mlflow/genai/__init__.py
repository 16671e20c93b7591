"""Stands in for MLflow's evaluations."""
