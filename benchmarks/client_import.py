"""What `import judge_client` costs, beside httpx and pydantic, without which it cannot be.

    .venv/bin/python benchmarks/client_import.py [--rounds 7]

Every import has an interpreter of its own; the rounds alternate, so that a busy machine troubles all alike. CPU
seconds are what to quote: the wall is told beside them. The target is less than 0.4 s.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys

STATEMENTS = ("import httpx, pydantic", "import judge_client")
PROGRAM = """
import json, time
cpu, wall = time.process_time(), time.perf_counter()
{statement}
print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall]))
"""


def cost(statement: str) -> tuple[float, float]:
    program = PROGRAM.format(statement=statement)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    cpu_s, wall_s = json.loads(done.stdout)
    return cpu_s, wall_s


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the import of the client.")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    found: dict[str, list[tuple[float, float]]] = {statement: [] for statement in STATEMENTS}
    for _ in range(rounds + 1):
        for statement, costs in found.items():
            costs.append(cost(statement))
    for statement, costs in found.items():
        cpu_s, wall_s = (
            statistics.median(column) for column in zip(*costs[1:], strict=True)
        )  # the first one warms
        print(f"{statement:24} {cpu_s:6.3f} s of CPU  {wall_s:6.3f} s")


if __name__ == "__main__":
    main()
