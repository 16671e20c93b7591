"""Resample counts times sums per unit: one product of matrices gives every replicate of every statistic."""
