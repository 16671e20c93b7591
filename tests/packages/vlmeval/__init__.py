"""Stands in for VLMEvalKit, after excerpts of its source of several commits, the newest 39494d28."""
