"""Where the shelf of files lies, by the store's address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from judge_service.errors import ConfigurationError
from judge_service.jobs.opening import open_shelf

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("store", "file"), [("folder", "folder/files.sqlite"), ("kept.sqlite", "kept-files.sqlite")]
)
async def test_beside_a_file_store(tmp_path: Path, store: str, file: str) -> None:
    async with open_shelf(f"file://{tmp_path}/{store}") as shelf:
        await shelf.sweep()
    assert [path for path in tmp_path.rglob("*.sqlite") if path.is_file()] == [tmp_path / file]


async def test_in_memory_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_shelf("memory://") as shelf:
        await shelf.begin("file-1", 60.0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["redis://127.0.0.1:port/0", "redis://127.0.0.1/0?nothing=1"])
async def test_an_address_that_cannot_be_read_is_not_quoted(url: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        async with open_shelf(url):
            pass
    assert "127" not in str(caught.value)
