"""Which judge has which price: by provider and model, and never by a name that somebody else may serve."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from builders import a_spec

from judge_service.domain.judge import JudgeSpec
from judge_service.domain.price import FREE
from judge_service.errors import ConfigurationError
from judge_service.price_table import SHIPPED, load_prices
from judge_service.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from judge_service.domain.price import Price

OPENAI = "https://api.openai.com/v1"
OWN = {
    "as_of": "2031-02-03",
    "models": {"house/big": {"input": 7, "output": 9}},
    "hosts": {"gpu:8000": "house"},
}


def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), "utf-8")
    return path


def price(extra: Path | None = None, **spec: Any) -> Price | None:
    return load_prices(extra).price_of(a_spec(**spec))


@pytest.mark.parametrize(
    "spec",
    [
        {"base_url": OPENAI, "model": "gpt-4o"},
        {"base_url": OPENAI, "model": "gpt-4o-2024-08-06"},
        {"kind": "litellm", "base_url": None, "model": "openai/gpt-4o"},
        {"kind": "litellm", "base_url": None, "model": "gpt-4o"},
        {"kind": "litellm", "base_url": OPENAI, "model": "openai/gpt-4o"},
    ],
    ids=str,
)
def test_a_listed_model_has_its_price_through_either_door(spec: dict[str, Any]) -> None:
    found = price(**spec)
    assert found is not None
    assert (found.input, found.output, found.cached_input) == (2_500_000, 10_000_000, 1_250_000)
    assert found.as_of == json.loads(SHIPPED.read_text("utf-8"))["as_of"]


@pytest.mark.parametrize(
    "spec",
    [
        {
            "base_url": "http://127.0.0.1:8000/v1",
            "model": "gpt-4o",
        },  # one's own server, whatever it calls itself
        {"base_url": "https://gateway.example/v1", "model": "openai/gpt-4o"},
        {"base_url": OPENAI, "model": "gpt-4o-audio-preview"},
        {"base_url": OPENAI, "model": "gpt-99"},
        {"kind": "litellm", "base_url": None, "model": "azure/gpt-4o"},
        {"kind": "litellm", "base_url": "http://127.0.0.1:8000/v1", "model": "openai/gpt-4o"},
    ],
    ids=str,
)
def test_what_no_list_names_has_no_price(spec: dict[str, Any]) -> None:
    assert price(**spec) is None


def test_a_revision_that_is_listed_itself_has_its_own_price() -> None:
    old, new = (price(base_url=OPENAI, model=name) for name in ("gpt-4o-2024-05-13", "gpt-4o"))
    assert old is not None
    assert new is not None
    assert old.input > new.input


def test_the_judges_own_price_comes_first() -> None:
    own = {"input_usd_per_mtok": 1, "output_usd_per_mtok": 3}
    found = price(base_url=OPENAI, model="gpt-4o", price=own)
    assert found is not None
    assert (found.input, found.output, found.as_of) == (1_000_000, 3_000_000, "settings")


@pytest.mark.parametrize("kind", ["embedded", "scripted"])
def test_a_judge_that_asks_nobody_is_free(kind: str) -> None:
    assert load_prices().price_of(JudgeSpec.model_validate({"kind": kind})) == FREE


def test_a_file_of_ones_own_adds_and_overrides(tmp_path: Path) -> None:
    models = {**OWN["models"], "openai/gpt-4o": {"input": 1, "output": 2}}  # type: ignore[dict-item]
    path = written(tmp_path / "own.json", {**OWN, "models": models})
    bought = price(path, base_url="http://gpu:8000/v1", model="big")
    assert bought is not None
    assert (bought.input, bought.output, bought.as_of) == (7, 9, "2031-02-03")
    overridden, listed = (price(path, base_url=OPENAI, model=name) for name in ("gpt-4o", "gpt-4o-mini"))
    assert overridden is not None
    assert listed is not None
    assert (overridden.input, overridden.as_of) == (1, "2031-02-03")
    assert listed.as_of != "2031-02-03"


def test_a_file_of_ones_own_may_replace_the_list(tmp_path: Path) -> None:
    path = written(tmp_path / "own.json", {**OWN, "replaces": True})
    assert price(path, base_url=OPENAI, model="gpt-4o") is None
    assert price(path, base_url="http://gpu:8000/v1", model="big") is not None


@pytest.mark.parametrize(
    "content",
    [
        "no JSON",
        json.dumps({"models": {}}),
        json.dumps({"as_of": "lately", "models": {}}),
        json.dumps({"as_of": "2031-02-03", "models": {"a/b": {"input": -1, "output": 1}}}),
        json.dumps({"as_of": "2031-02-03", "models": {"a/b": {"input": 1.5, "output": 1}}}),
        json.dumps({"as_of": "2031-02-03", "models": {"a/b": {"input": 1}}}),
    ],
)
def test_a_file_that_is_no_list_of_prices_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "own.json").write_text(content, "utf-8")
    with pytest.raises(ConfigurationError, match=r"JUDGE_SERVICE_PRICES: own\.json is no list of prices"):
        load_prices(tmp_path / "own.json")


def test_a_file_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_SERVICE_PRICES", str(tmp_path / "none.json"))
    with pytest.raises(ConfigurationError, match=r"none\.json is no list of prices: FileNotFoundError"):
        load_prices(load_settings().prices)


def test_the_list_that_ships_is_dated_and_of_a_sane_size() -> None:
    shipped = json.loads(SHIPPED.read_text("utf-8"))
    date.fromisoformat(shipped["as_of"])
    assert "to be checked" in shipped["note"]
    for name, one in shipped["models"].items():
        provider, slash, model = name.partition("/")
        assert slash
        assert provider in shipped["hosts"].values()
        assert model == model.casefold()
        # Dollars, cents and micro-dollars are easily mixed up.
        assert 1_000 <= one.get("cached_input", one["input"]) <= one["input"] < one["output"] <= 100_000_000
