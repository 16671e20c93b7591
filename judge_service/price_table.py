"""Which model has which list price: a dated table of our own, which an installation's own file extends."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from judge_service.domain.price import FREE, Price
from judge_service.errors import BodyRejected, ConfigurationError
from judge_service.strict_json import loads, validated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from judge_service.domain.judge import JudgeSpec

SHIPPED = Path(__file__).with_name("prices.json")
# A dated name is the model's own: a provider's revisions cost the same unless the table names one of them.
_REVISION = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$")


class ListPrice(BaseModel):
    """Micro-dollars for a million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: int = Field(ge=0)
    output: int = Field(ge=0)
    cached_input: int | None = Field(default=None, ge=0)


class PriceList(BaseModel):
    """A file of prices."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    as_of: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="When these prices held.")
    note: str = ""
    source: str = ""
    replaces: bool = Field(default=False, description="Whether the table that ships counts no more.")
    hosts: dict[str, str] = Field(
        default_factory=dict,
        description="Of a server's address → provider: the host, with a port if it has one.",
    )
    models: dict[str, ListPrice] = Field(description="`provider/model` → its price.")


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Looks prices up by provider and model; a judge that no list names has none."""

    hosts: Mapping[str, str] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)

    def price_of(self, spec: JudgeSpec) -> Price | None:
        """A judge's price: its own setting, else the list's; None where nobody knows it.

        A server is known by its address alone: one of yours that serves a model under a listed name does not
        cost what the provider asks.
        """
        if spec.price is not None:
            return spec.price.price
        if not spec.is_llm:
            return FREE
        name = self._listed(spec)
        if name is None:
            return None
        return self.prices.get(name) or self.prices.get(_REVISION.sub("", name))

    def _listed(self, spec: JudgeSpec) -> str | None:
        model = str(spec.model).casefold()
        if spec.base_url is None:
            return model if "/" in model else f"openai/{model}"  # which is how litellm reads a bare name
        provider = self.hosts.get(urlsplit(spec.base_url).netloc.casefold())
        return None if provider is None else f"{provider}/{model.removeprefix(provider + '/')}"


def load_prices(extra: Path | None = None) -> PriceTable:
    """The table that ships, and over it an installation's own; raises `ConfigurationError`."""
    lists = [_read(SHIPPED)] + ([] if extra is None else [_read(extra)])
    if lists[-1].replaces:
        lists = lists[-1:]
    hosts = {host.casefold(): provider.casefold() for one in lists for host, provider in one.hosts.items()}
    prices = {
        name.casefold(): Price(price.input, price.output, price.cached_input, one.as_of)
        for one in lists
        for name, price in one.models.items()
    }
    return PriceTable(hosts, prices)


def _read(path: Path) -> PriceList:
    try:
        return validated(loads(path.read_bytes()), PriceList)
    except (OSError, BodyRejected) as exc:
        why = (
            str(exc).replace("the body", "the file") if isinstance(exc, BodyRejected) else type(exc).__name__
        )
        raise ConfigurationError(f"JUDGE_SERVICE_PRICES: {path.name} is no list of prices: {why}") from exc
