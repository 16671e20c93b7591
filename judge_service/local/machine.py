"""What a machine has to serve a model on. The only place that imports torch for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from judge_service.errors import ConfigurationError

_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Machine:
    """GPUs that are alike, or none: then the CPU serves.

    `memory_gib` is that of one GPU, or the machine's own; `capability` is CUDA's compute capability.
    """

    gpus: int
    memory_gib: float
    capability: tuple[int, int] | None = None


def look() -> Machine:
    """Ask torch; `ConfigurationError` where it is not installed."""
    try:
        import torch  # noqa: PLC0415  seconds and gigabytes: paid when used
    except ImportError:
        raise ConfigurationError(
            "a judge on this machine needs torch and vLLM: install the extra judge-service[local]"
        ) from None
    if not torch.cuda.is_available():
        return Machine(0, memory_gib())
    found = [torch.cuda.get_device_properties(at) for at in range(torch.cuda.device_count())]
    # One model spreads over GPUs of one kind only: the others stay free.
    alike = [each for each in found if (each.major, each.minor) == (found[0].major, found[0].minor)]
    least = min(each.total_memory for each in alike)
    return Machine(len(alike), least / _GIB, (found[0].major, found[0].minor))


def memory_gib() -> float:
    """Memory that this process may use: the machine's, or what its control group leaves of it."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    bound = limit.read_text("ascii").strip() if limit.is_file() else "max"
    return min(total, int(bound)) / _GIB if bound.isdigit() else total / _GIB
