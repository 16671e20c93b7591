"""Which address gives which store, and which is refused at the start."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from redis_server import free_port

from judge_service.errors import ConfigurationError, StoreError
from judge_service.stores.opening import open_store

if TYPE_CHECKING:
    from pathlib import Path


async def test_memory() -> None:
    async with open_store("memory://") as store:
        assert store.kind == "memory"
        await store.put("k", b"v", 60)
        assert await store.get("k") == b"v"


@pytest.mark.parametrize(
    ("name", "file"),
    [("", "store.sqlite"), ("/new/folder", "store.sqlite"), ("/mine.sqlite", ""), ("/mine.db", "")],
)
async def test_a_folder_or_a_file(tmp_path: Path, name: str, file: str) -> None:
    async with open_store(f"file://{tmp_path}{name}") as store:
        assert store.kind == "file"
        await store.put("k", b"v", 60)
    assert (tmp_path / name.strip("/") / file).is_file()


async def test_a_path_may_be_quoted(tmp_path: Path) -> None:
    async with open_store(f"file://{tmp_path}/a%20b"):
        assert (tmp_path / "a b" / "store.sqlite").is_file()


async def test_redis_that_is_down_does_not_stop_the_start() -> None:
    async with open_store(f"redis://127.0.0.1:{free_port()}/0") as store:
        assert store.kind == "redis"
        with pytest.raises(StoreError):
            await store.ping()


@pytest.mark.parametrize(
    "url", ["rediss://localhost:1/0", "unix:///nowhere/redis.sock", "redis://u:p@localhost"]
)
async def test_the_other_ways_to_redis(url: str) -> None:
    async with open_store(url) as store:
        assert store.kind == "redis"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "memory",
        "redis",
        "/var/lib/store",
        "http://localhost/secret",
        "file://relative/path",
        "file://",
        "file:///",
        "file://[",
        "file:///a%00b",
        "redis://[",
        "redis://localhost:port-secret/0",
        "redis://localhost?max_connections=secret",
        "redis://localhost?no_such_option=secret",
    ],
)
async def test_a_bad_address_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        async with open_store(url):
            pass
    assert "secret" not in str(caught.value)


async def test_a_file_that_cannot_be_had_is_refused(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("")
    with pytest.raises(ConfigurationError, match="occupied"):
        async with open_store(f"file://{tmp_path}/occupied/below"):
            pass


def test_redis_is_loaded_only_where_it_is_used() -> None:
    code = "import sys; import judge_service.stores.opening; sys.exit('redis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
