"""Other services' shapes for what this one does, so that programs written for those work unchanged."""
