"""Similarity of meaning from a folder of embedding weights, with numpy alone. Off unless configured."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from judge_service.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    Array = NDArray[np.float32]

_TOKENS_CAP = 256  # what sentence encoders of this kind were trained on


@dataclass(frozen=True, slots=True)
class Encoder:
    """A BERT encoder with mean pooling (Reimers and Gurevych 2019), as all-MiniLM-L6-v2 is one."""

    weights: Mapping[str, Array]
    tokenizer: Tokenizer
    layers: int
    heads: int
    epsilon: float

    def __call__(self, one: str, other: str) -> float:
        """Cosine of the two texts' embeddings, cut to [0, 1]."""
        return min(max(float(self.embed(one) @ self.embed(other)), 0.0), 1.0)

    def embed(self, text: str) -> Array:
        """A unit vector of shape (hidden,); a text of no tokens has the zero vector."""
        import numpy as np  # noqa: PLC0415  paid for only where embeddings are configured

        ids = self.tokenizer.encode(text).ids[:_TOKENS_CAP]
        if not ids:
            return np.zeros(self.weights["embeddings.word_embeddings.weight"].shape[1], np.float32)
        states = self._embedded(np.asarray(ids))
        for layer in range(self.layers):
            states = self._layer(states, f"encoder.layer.{layer}.")
        mean = states.mean(axis=0)
        unit: Array = mean / max(float(np.linalg.norm(mean)), 1e-12)
        return unit

    def _embedded(self, ids: NDArray[np.int64]) -> Array:
        words = self.weights["embeddings.word_embeddings.weight"][ids]
        positions = self.weights["embeddings.position_embeddings.weight"][: len(ids)]
        kinds = self.weights["embeddings.token_type_embeddings.weight"][0]
        return self._normed(words + positions + kinds, "embeddings.LayerNorm")

    def _layer(self, states: Array, at: str) -> Array:
        attended = self._linear(self._attended(states, at + "attention.self."), at + "attention.output.dense")
        states = self._normed(states + attended, at + "attention.output.LayerNorm")
        inner = _gelu(self._linear(states, at + "intermediate.dense"))
        return self._normed(states + self._linear(inner, at + "output.dense"), at + "output.LayerNorm")

    def _attended(self, states: Array, at: str) -> Array:
        """Scaled dot-product attention over (tokens, hidden); one text at a time, so nothing is masked."""
        import numpy as np  # noqa: PLC0415

        def split(name: str) -> Array:
            projected = self._linear(states, at + name)
            return projected.reshape(len(states), self.heads, -1).transpose(1, 0, 2)

        query, key, value = split("query"), split("key"), split("value")
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1])
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        joined: Array = (shares @ value).transpose(1, 0, 2).reshape(states.shape).astype(np.float32)
        return joined

    def _linear(self, states: Array, name: str) -> Array:
        product: Array = states @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]
        return product

    def _normed(self, states: Array, name: str) -> Array:
        import numpy as np  # noqa: PLC0415

        centred = states - states.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self.epsilon)
        normed: Array = centred / spread * self.weights[name + ".weight"] + self.weights[name + ".bias"]
        return normed


def load_embeddings(folder: str, sha256: str) -> Encoder:
    """Read config.json, tokenizer.json and model.safetensors; the weights must have the pinned digest."""
    home = Path(folder)
    try:
        raw = (home / "model.safetensors").read_bytes()
        config = json.loads((home / "config.json").read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise ConfigurationError(f"embeddings: {type(exc).__name__} while reading the folder") from exc
    found = hashlib.sha256(raw).hexdigest()
    if found != sha256:
        raise ConfigurationError(f"embeddings: model.safetensors has SHA-256 {found}, not the pinned one")
    return _encoder(home, raw, config)


def digest_of(folder: str) -> str:
    """Name the tokenizer and the configuration, which the digest of the weights does not cover."""
    parts = [(Path(folder) / name).read_bytes() for name in ("config.json", "tokenizer.json")]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _encoder(home: Path, raw: bytes, config: Mapping[str, object]) -> Encoder:
    try:
        from safetensors.numpy import load  # noqa: PLC0415
        from tokenizers import Tokenizer  # noqa: PLC0415
    except ImportError as exc:
        raise ConfigurationError("embeddings need the extra: pip install judge-service[embeddings]") from exc
    weights = {name.removeprefix("bert."): array.astype("float32") for name, array in load(raw).items()}
    try:
        tokenizer = Tokenizer.from_file(str(home / "tokenizer.json"))
        tokenizer.no_padding()
        return Encoder(
            weights=weights,
            tokenizer=tokenizer,
            layers=int(str(config["num_hidden_layers"])),
            heads=int(str(config["num_attention_heads"])),
            epsilon=float(str(config.get("layer_norm_eps", 1e-12))),
        )
    except Exception as exc:  # tokenizers raises bare Exception for a file it cannot read
        raise ConfigurationError(f"embeddings: the folder is no BERT encoder ({type(exc).__name__})") from exc


def _gelu(values: Array) -> Array:
    """x·Φ(x), with erf after Abramowitz and Stegun 7.1.26 (absolute error below 2e-7, as float32 has it)."""
    import numpy as np  # noqa: PLC0415

    x = np.abs(values) / np.sqrt(2.0)
    t = 1 / (1 + 0.3275911 * x)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(values) * (1 - series * np.exp(-x * x))
    activated: Array = (0.5 * values * (1 + erf)).astype(np.float32)
    return activated
