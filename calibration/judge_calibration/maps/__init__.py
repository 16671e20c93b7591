"""Calibration maps: what physicians would have said, given what the judge said, and how far off that is."""
