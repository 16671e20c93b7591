"""A service with the embedded judge, and one that is away; clients that ask once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hookguide import PACKAGES, awaited, hurried

if TYPE_CHECKING:
    from collections.abc import Iterator

    from judge_client import JudgeClient


@pytest.fixture(scope="session")
def service_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from awaited(tmp_path_factory.mktemp("service"), away=False)


@pytest.fixture(scope="session")
def service(service_url: str) -> Iterator[JudgeClient]:
    with hurried(service_url) as client:
        yield client


@pytest.fixture
def nobody() -> Iterator[JudgeClient]:
    """A client of a service that is not there."""
    with hurried("http://127.0.0.1:9") as client:
        yield client


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in for packages that are not installed."""
    monkeypatch.syspath_prepend(PACKAGES)
