"""Which model judges, and with what settings. Bound to a name by configuration only."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from judge_service.domain.families import families_of
from judge_service.domain.price import TokenPrice

SAFE_INTEGER = 2**53 - 1  # JSON carries no larger one unharmed (RFC 8785)

REASONING_ROOM = 4  # times the visible answer

# What may follow a model's name: dates, builds of three or four digits, and how settled a release is. A single or a
# double digit, a size or a quantisation make another model: gpt-4.1 is none of gpt-4, llama-3-8b-awq none of llama-3-8b
_REVISION = re.compile(
    r"([-@:](\d{3,4}|\d{6}|\d{8}|\d{4}-\d{2}-\d{2}|v\d+(:\d+)?|(latest|preview|exp|beta|stable)(-\d{2}-\d{2})?))*"
)

SchemaMode = Literal["json_schema", "json_object", "none"]
ImageCheck = Literal["first", "each", "off"]


# Fields of a request that `extra_body` must not change behind the back of provenance and cache key.
RESERVED = frozenset(
    {
        *(
            "model",
            "messages",
            "temperature",
            "max_tokens",
            "max_completion_tokens",
            "seed",
            "response_format",
        ),
        *(
            "stream",
            "n",
            "logprobs",
            "top_logprobs",
            "fallbacks",
            "num_retries",
            "max_retries",
            "timeout",
            "api_base",
            "base_url",
            "api_key",
        ),
    }
)


class ScriptStep(BaseModel):
    """One line of a scripted judge: what it does with a case it recognises."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: str = Field(default="", description="A text the response must contain; empty: any response.")
    levels: dict[str, int | str | None] = Field(
        default_factory=dict,
        description="Criterion → level; `*` for the others; null: it abstains. None given: the middle level.",
    )
    prefers: dict[str, str | None] = Field(
        default_factory=dict,
        description="Of two responses, by criterion: `first` or `second` as they are shown, `tie`, a text that only "
        "the better one contains, or null: it abstains; `*` for the others. None given: a tie.",
    )
    reply: str | None = Field(default=None, description="A raw reply instead, to be read like any model's.")
    fault: (
        Literal[
            "refused", "content_filter", "truncated", "timeout", "rate_limited", "unavailable", "rejected"
        ]
        | None
    ) = None
    delay_ms: float = Field(default=0, ge=0)


class JudgeSpec(BaseModel):
    """The settings of one configured judge."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["embedded", "scripted", "openai", "litellm"]
    base_url: str | None = Field(default=None, description="Of an OpenAI-compatible server, ending in /v1.")
    model: str | None = None
    api_key_env: str | None = Field(
        default=None, description="Name of the environment variable with the key."
    )
    max_concurrency: int = Field(default=64, ge=1, le=4096)
    attempt_timeout_s: float = Field(default=60.0, gt=0, le=600)
    max_attempts: int = Field(default=5, ge=1, le=20)
    max_tokens: int = Field(default=2048, ge=16, le=131_072, description="Cap of one reply.")
    temperature: float = Field(default=0.0, ge=0, le=2)
    seed: int | None = Field(default=None, ge=-SAFE_INTEGER, le=SAFE_INTEGER)
    images: bool = Field(default=True, description="Whether it can be shown images.")
    max_images: int = Field(default=8, ge=1, le=8, description="Most images of one case; more are refused.")
    max_image_pixels: int | None = Field(
        default=None,
        ge=1,
        description="Most pixels of one image; a larger one is refused, never scaled. Absent: what the service opens.",
    )
    image_check: ImageCheck = Field(
        default="first",
        description="When tokens are counted with and without the images, to find a provider that drops them: "
        "`first` for each model that answers, `each` answer, or `off`.",
    )
    schema_mode: SchemaMode | Literal["auto"] = Field(
        default="json_schema",
        description="How the answer's shape is asked for; `auto`: as strictly as a probe at the start finds it held.",
    )
    probe: bool = Field(default=False, description="Whether its endpoint is probed at the start.")
    text_cap: int | None = Field(
        default=None,
        ge=16,
        le=100_000,
        description="Longest text of an answer, in characters, and at most four quotations: for servers whose grammar "
        "keeps to it, such as vLLM with the guidance backend.",
    )
    logprobs: int | None = Field(
        default=None,
        ge=2,
        le=20,
        description="How many alternatives to each token the server is asked for; from those to a level come its "
        "distribution and the expected level.",
    )
    cap_field: Literal["max_tokens", "max_completion_tokens"] = Field(
        default="max_tokens", description="How the server names the cap of a reply."
    )
    answers_as: tuple[str, ...] = Field(
        default=(), description="Other names under which this model may answer, such as a deployment's."
    )
    family: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="Of models it belongs to, as `qwen`; derived from its model's name when absent.",
    )
    price: TokenPrice | None = Field(
        default=None, description="What its tokens cost; absent: as the list of prices says, if it does."
    )
    reasoning: bool = Field(
        default=False, description="Whether it thinks before it answers: its replies get four times the room."
    )
    extra_body: dict[str, object] = Field(
        default_factory=dict, description="Further fields of the request, as they are."
    )
    script: tuple[ScriptStep, ...] = Field(
        default=(), description="For kind `scripted`: the first match is played."
    )
    embeddings: str | None = Field(
        default=None, description="For kind `embedded`: a folder of embedding weights."
    )
    embeddings_sha256: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        description="Digest that the folder's model.safetensors must have.",
    )

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.kind == "openai" and not (self.base_url and self.model):
            raise ValueError("a judge of kind 'openai' needs base_url and model")
        if self.kind == "litellm" and not self.model:
            raise ValueError("a judge of kind 'litellm' needs model")
        if settled := RESERVED & self.extra_body.keys():
            raise ValueError(
                f"extra_body may not hold {min(settled)!r}: it has a setting of its own, or is ours"
            )
        if self.base_url and not self.base_url.startswith(("http://", "https://")):
            raise ValueError("base_url begins with http:// or https://")
        if self.base_url and "@" in self.base_url.partition("://")[2].partition("/")[0]:
            raise ValueError("base_url holds a user or password; keys come from api_key_env")
        if (self.embeddings is None) != (self.embeddings_sha256 is None):
            raise ValueError("embeddings and embeddings_sha256 come together")
        return self

    @model_validator(mode="after")
    def _can_be_probed(self) -> Self:
        if self.probe and not self.is_llm:
            raise ValueError(f"a judge of kind {self.kind!r} has no endpoint to probe")
        if self.schema_mode == "auto" and not self.probe:
            raise ValueError("schema_mode 'auto' is decided by a probe: set probe to true")
        return self

    def answers_for(self, model: str | None) -> bool:
        """Whether a reply under this model name is this judge's: gateways may quietly send another model.

        The name asked for counts without its provider's prefix and without `-latest`, and may be followed by
        a date or revision: `gpt-4` may answer as `gpt-4-0613`, and not as `gpt-4o` or `gpt-4-turbo`.
        """
        if model is None or self.model is None or not self.is_llm:
            return True
        asked = self.model.rpartition("/")[2].removesuffix("-latest").casefold()
        answered = model.rpartition("/")[2].casefold()
        is_its_own = answered.startswith(asked) and _REVISION.fullmatch(answered, len(asked))
        return bool(is_its_own) or model in self.answers_as

    @property
    def schema_mode_in_use(self) -> SchemaMode:
        """How the shape is asked for; `auto` is decided before any door opens to cases."""
        if self.schema_mode == "auto":
            raise ValueError("schema_mode 'auto' is not decided yet")
        return self.schema_mode

    @property
    def reply_cap(self) -> int:
        """Most tokens of one reply, thoughts included."""
        return self.max_tokens * (REASONING_ROOM if self.reasoning else 1)

    @property
    def is_llm(self) -> bool:
        """Whether a language model judges; the embedded and the scripted judge are none."""
        return self.kind in {"openai", "litellm"}

    @property
    def families(self) -> frozenset[str]:
        """The families of models it is of; none when no language model judges and none is named."""
        if self.family is not None:
            return frozenset({self.family.casefold()})
        return families_of(self.model) if self.is_llm and self.model else frozenset()

    @property
    def varies(self) -> bool:
        """Whether it may say something else when it is asked again."""
        return self.is_llm and self.temperature > 0

    @property
    def tells_chances(self) -> bool:
        """Whether its server is asked for what else it could have written."""
        return self.is_llm and self.logprobs is not None

    @property
    def instrument(self) -> str:
        """What judges, in one word, so that a baseline is never taken for a model."""
        return "llm" if self.is_llm else {"embedded": "lexical-baseline"}.get(self.kind, self.kind)

    @property
    def compares(self) -> str | None:
        """How it compares two responses: shown together, or each by its own levels; None: it has no way."""
        if self.kind == "embedded":
            return "levels"
        return "shown_together" if self.is_llm or self.kind == "scripted" else None

    @property
    def sampling(self) -> dict[str, object]:
        """Decoding settings as provenance and cache key name them."""
        if not self.is_llm:
            return {}
        settings: dict[str, object] = {"temperature": self.temperature, "max_tokens": self.reply_cap}
        if self.seed is not None:
            settings["seed"] = self.seed
        if self.text_cap is not None:
            settings["text_cap"] = self.text_cap
        if self.logprobs is not None:
            settings["logprobs"] = self.logprobs
        if self.extra_body:  # its values may be secrets; that they changed is told by the digest
            text = json.dumps(self.extra_body, sort_keys=True, separators=(",", ":"))
            settings["extra_body"] = f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        return settings
