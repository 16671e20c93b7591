"""Stands in for VLMEvalKit, as it was at commit 39494d28."""
