"""Its data sets."""
