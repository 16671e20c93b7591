"""Everything that can be asked of the service: a function for each, which describes it and asks nothing."""
