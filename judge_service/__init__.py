"""Judge Service: a score is either honest or null."""

__version__ = "0.1.0"
