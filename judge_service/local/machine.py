"""What a machine has to serve a model on, as the torch that serves it sees it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from judge_service.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

_GIB = 2**30
_PATIENCE_S = 120  # torch takes seconds to load, and more from a cold disk
_LOOK = """
import json, torch
found = [torch.cuda.get_device_properties(at) for at in range(torch.cuda.device_count())]
print(json.dumps([[each.major, each.minor, each.total_memory] for each in found]))
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """GPUs that are alike, or none: then the CPU serves.

    `memory_gib` is that of one GPU, or the machine's own; `capability` is CUDA's compute capability.
    """

    gpus: int
    memory_gib: float
    capability: tuple[int, int] | None = None


def look(python: Sequence[str]) -> Machine:
    """Ask the torch of this Python, in a process of its own: no memory of a GPU stays taken.

    `ConfigurationError` where it has none, or none that works.
    """
    try:
        done = subprocess.run(  # noqa: S603  the Python that runs vLLM, and a program of ours
            [*python, "-c", _LOOK], capture_output=True, text=True, timeout=_PATIENCE_S, check=True
        )
        found = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        raise ConfigurationError(
            f"{' '.join(python)} has no torch that works: install the extra judge-service[local] there"
        ) from None
    if not found:
        return Machine(0, memory_gib())
    major, minor, _ = found[0]
    # One model spreads over GPUs of one kind only: the others stay free.
    alike = [memory for first, second, memory in found if (first, second) == (major, minor)]
    return Machine(len(alike), min(alike) / _GIB, (major, minor))


def memory_gib() -> float:
    """Memory that this process may use: the machine's, or what its control group leaves of it."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    bound = limit.read_text("ascii").strip() if limit.is_file() else "max"
    return min(total, int(bound)) / _GIB if bound.isdigit() else total / _GIB
