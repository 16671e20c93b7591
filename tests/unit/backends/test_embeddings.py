from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers

from judge_service.backends.embedded import blended
from judge_service.backends.embeddings import Encoder, load_embeddings
from judge_service.errors import ConfigurationError
from judge_service.lexical import Reading

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

HIDDEN, LAYERS, HEADS, INNER = 8, 2, 2, 16
WORDS = ["[UNK]", "left", "right", "lung", "kidney", "stone", "nodule", "in", "the"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT with random weights: the plumbing is real, the meaning is not."""
    home = tmp_path_factory.mktemp("weights")
    rng = np.random.default_rng(7)

    def drawn(*shape: int) -> NDArray[np.float32]:
        return rng.normal(0, 0.6, shape).astype(np.float32)

    weights = {
        "embeddings.word_embeddings.weight": drawn(len(WORDS), HIDDEN),
        "embeddings.position_embeddings.weight": drawn(32, HIDDEN),
        "embeddings.token_type_embeddings.weight": drawn(2, HIDDEN),
        "embeddings.LayerNorm.weight": drawn(HIDDEN),
        "embeddings.LayerNorm.bias": drawn(HIDDEN),
    }
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        for name, rows, columns in [
            *[(f"attention.self.{part}", HIDDEN, HIDDEN) for part in ("query", "key", "value")],
            ("attention.output.dense", HIDDEN, HIDDEN),
            ("intermediate.dense", INNER, HIDDEN),
            ("output.dense", HIDDEN, INNER),
        ]:
            weights[f"{at}{name}.weight"] = drawn(rows, columns)
            weights[f"{at}{name}.bias"] = drawn(rows)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            weights[f"{at}{name}.weight"] = drawn(HIDDEN)
            weights[f"{at}{name}.bias"] = drawn(HIDDEN)
    save_file(weights, str(home / "model.safetensors"))
    config = {"num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "layer_norm_eps": 1e-12}
    (home / "config.json").write_text(json.dumps(config))
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token=WORDS[0]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(home / "tokenizer.json"))
    return home


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Encoder:
    return load_embeddings(str(folder), digest(folder))


def naive_embedding(encoder: Encoder, ids: list[int]) -> list[float]:
    """The same encoder as loops over lists, with the library's own erf."""
    w = {name: array.astype(float).tolist() for name, array in encoder.weights.items()}

    def linear(row: list[float], name: str) -> list[float]:
        return [
            sum(a * b for a, b in zip(row, out, strict=True)) + bias
            for out, bias in zip(w[name + ".weight"], w[name + ".bias"], strict=True)
        ]

    def normed(row: list[float], name: str) -> list[float]:
        mean = sum(row) / len(row)
        spread = math.sqrt(sum((x - mean) ** 2 for x in row) / len(row) + encoder.epsilon)
        return [
            (x - mean) / spread * g + b
            for x, g, b in zip(row, w[name + ".weight"], w[name + ".bias"], strict=True)
        ]

    def added(one: list[float], other: list[float]) -> list[float]:
        return [a + b for a, b in zip(one, other, strict=True)]

    rows = []
    for at, token in enumerate(ids):
        word = w["embeddings.word_embeddings.weight"][token]
        place = w["embeddings.position_embeddings.weight"][at]
        rows.append(
            normed(
                added(added(word, place), w["embeddings.token_type_embeddings.weight"][0]),
                "embeddings.LayerNorm",
            )
        )
    size = HIDDEN // HEADS
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}."
        q, k, v = (
            [linear(r, f"{prefix}attention.self.{p}") for r in rows] for p in ("query", "key", "value")
        )
        attended = []
        for i in range(len(rows)):
            joined: list[float] = []
            for head in range(HEADS):
                part = slice(head * size, (head + 1) * size)
                scores = [
                    sum(a * b for a, b in zip(q[i][part], key[part], strict=True)) / math.sqrt(size)
                    for key in k
                ]
                shares = [math.exp(s - max(scores)) for s in scores]
                joined += [
                    sum(share / sum(shares) * value[part][d] for share, value in zip(shares, v, strict=True))
                    for d in range(size)
                ]
            attended.append(linear(joined, f"{prefix}attention.output.dense"))
        rows = [
            normed(added(r, a), f"{prefix}attention.output.LayerNorm")
            for r, a in zip(rows, attended, strict=True)
        ]
        inner = [
            [x * 0.5 * (1 + math.erf(x / math.sqrt(2))) for x in linear(r, f"{prefix}intermediate.dense")]
            for r in rows
        ]
        rows = [
            normed(added(r, linear(i, f"{prefix}output.dense")), f"{prefix}output.LayerNorm")
            for r, i in zip(rows, inner, strict=True)
        ]
    mean = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    length = math.sqrt(sum(x * x for x in mean))
    return [x / length for x in mean]


@pytest.mark.parametrize("text", ["left", "left lung nodule", "stone in the right kidney", "unheard of"])
def test_the_encoder_computes_what_plain_loops_compute(encoder: Encoder, text: str) -> None:
    ids = encoder.tokenizer.encode(text).ids
    assert encoder.embed(text) == pytest.approx(naive_embedding(encoder, ids), abs=2e-5)


def test_similarity_is_one_for_the_same_text_and_bounded(encoder: Encoder) -> None:
    assert encoder("left lung nodule", "left lung nodule") == pytest.approx(1.0, abs=1e-5)
    assert 0.0 <= encoder("left lung nodule", "stone in the right kidney") <= 1.0
    assert encoder("", "left") == 0.0


def test_weights_with_another_digest_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="not the pinned one"):
        load_embeddings(str(folder), "0" * 64)


def test_a_folder_without_weights_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="while reading the folder"):
        load_embeddings(str(tmp_path), "0" * 64)


def test_a_folder_that_is_no_encoder_is_a_configuration_error(folder: Path, tmp_path: Path) -> None:
    for name in ("model.safetensors", "config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="no BERT encoder"):
        load_embeddings(str(tmp_path), digest(folder))


def test_similarity_lifts_a_paraphrase_and_never_a_contradiction() -> None:
    paraphrase = Reading(0.4, "4 of 10 key terms found.")
    contradiction = Reading(0.2, "Side differs.", flags=("side_differs",))
    assert blended(paraphrase, 1.0).value == pytest.approx(0.7)
    assert blended(paraphrase, 0.4).value == 0.4
    assert blended(contradiction, 1.0) == contradiction
    abstention = Reading(None, "Nothing to compare with.")
    assert blended(abstention, 1.0) == abstention
