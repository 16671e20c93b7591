"""The repository's own files, as the version control would take them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]

_NOT_OURS = {
    ".git",
    ".venv",
    "__pycache__",
    "dist",
    "build",
    "node_modules",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
}
_NOT_TEXT = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".safetensors", ".sqlite", ".gz", ".zst"}


def files() -> list[Path]:
    """Every file that is, or is about to be, in the repository; without git, every file that is not made."""
    named = _named_by_git()
    if named is None:
        named = [path for path in ROOT.rglob("*") if not _NOT_OURS & set(path.relative_to(ROOT).parts)]
    return sorted(path for path in named if path.is_file())


def texts() -> list[Path]:
    return [path for path in files() if path.suffix not in _NOT_TEXT]


def sources(*folders: str) -> list[Path]:
    """Python files, all of them or those under the folders named."""
    python = [path for path in files() if path.suffix == ".py"]
    return [path for path in python if not folders or path.relative_to(ROOT).parts[0] in folders]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _named_by_git() -> list[Path] | None:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return None
    command = [git, "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not done.stdout:
        return None
    return [ROOT / line for line in done.stdout.split("\0") if line]
