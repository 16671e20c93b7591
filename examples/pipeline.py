"""An evaluation as a user writes it: a rubric and cases. It names no judge, for the service's settings do.

.venv/bin/python examples/pipeline.py OUT.jsonl
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

CASES = Path(__file__).parent / "cases" / "med-cmr.jsonl"
RUBRIC = "med-cmr"


def main() -> None:
    """Score the cases that ship into a file; the exit code is that of `judge-service score`."""
    rows = [json.dumps(json.loads(line)["case"]) for line in CASES.read_text("utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "cases.jsonl"
        table.write_text("\n".join(rows) + "\n", "utf-8")
        service = str(Path(sys.executable).with_name("judge-service"))
        words = ["score", str(table), "--rubric", RUBRIC, "--mode", "text", "--out", sys.argv[1]]
        done = subprocess.run([service, *words], check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
