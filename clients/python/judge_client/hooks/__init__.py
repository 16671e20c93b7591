"""Hooks: the service as the scorer of other programs' evaluations and trainings, one module for each program.

A module imports its program, and needs it only then. All give values from 0 to 1, the score over 100. Where there is
no score each says so in its program's own way, and no number stands in for it.
"""
