"""Stands in for torch on a machine without GPUs."""

from __future__ import annotations


class cuda:  # noqa: N801  the module's own name
    """Sees no device."""

    @staticmethod
    def device_count() -> int:
        """There is none."""
        return 0
