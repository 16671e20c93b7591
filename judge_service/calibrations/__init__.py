"""Studies and maps: where they are kept, which maps are in force, and the computations on them."""
