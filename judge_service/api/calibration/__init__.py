"""Everything under /v1/calibration: thin translations onto the desk."""
