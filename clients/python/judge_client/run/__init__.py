"""Takes a model through a data set and scores it: `judge-client run`. Needs the extra `run`."""
