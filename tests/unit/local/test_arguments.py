"""What vLLM is started with follows from the machine, the model and the wishes, and from nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from judge_service.errors import ConfigurationError
from judge_service.local.arguments import Model, Wishes, arguments, environment
from judge_service.local.machine import Machine

if TYPE_CHECKING:
    from pathlib import Path

CPU = Machine(0, 24.0)
ONE, TWO, EIGHT = (Machine(count, 79.0, (9, 0)) for count in (1, 2, 8))
TURING = Machine(1, 24.0, (7, 5))
SMALL, LARGE = Model("/models/small", 14.0, 32_768), Model("/models/large", 140.0, 131_072)


def told(machine: Machine, model: Model = SMALL, wishes: Wishes | None = None) -> dict[str, str | None]:
    """Options with their values."""
    found = arguments(machine, model, wishes or Wishes())
    assert found[0] == model.place
    options: dict[str, str | None] = {}
    for at, word in enumerate(found[1:], 1):
        if word.startswith("--"):
            follows = found[at + 1] if at + 1 < len(found) else "--"
            options[word] = None if follows.startswith("--") else follows
    return options


@pytest.mark.parametrize("machine", [CPU, ONE, TWO, EIGHT, TURING], ids=["cpu", "1", "2", "8", "old"])
def test_every_server_keeps_to_the_schema_and_bounds_its_queue(machine: Machine) -> None:
    found = told(machine)
    assert json.loads(str(found["--structured-outputs-config"])) == {
        "backend": "guidance",
        "disable_any_whitespace": True,
        "disable_additional_properties": True,
    }
    assert json.loads(str(found["--limit-mm-per-prompt"])) == {"image": 4, "video": 0}
    assert int(str(found["--max-num-queued-reqs"])) >= int(str(found["--max-num-seqs"]))
    assert found["--generation-config"] == "vllm"
    assert {"--enable-prefix-caching", "--enable-prompt-tokens-details"} <= set(found)


@pytest.mark.parametrize(
    ("machine", "model", "gpus"),
    [
        (ONE, SMALL, "1"),
        (EIGHT, SMALL, "1"),  # more replicas serve more than one model spread wide
        (TWO, LARGE, None),
        (EIGHT, LARGE, "4"),
        (EIGHT, Model("/models/unweighed", heads=(32, 8)), "8"),
        (Machine(6, 79.0, (9, 0)), Model("/models/unweighed", heads=(32, 8)), "4"),
        (EIGHT, Model("/models/unweighed", heads=(28, 4)), "4"),
        (EIGHT, Model("/models/unweighed", heads=(14, 2)), "2"),
        (EIGHT, Model("/models/unweighed", heads=(48, 6)), "2"),
        (EIGHT, Model("/models/unweighed", heads=(71, 1)), "1"),
        (EIGHT, Model("/models/large", 140.0, None, (28, 4)), "4"),
        (ONE, Model("org/unknown"), "1"),
        (TWO, Model("/models/of-70-gib", 70.0), "2"),
    ],
)
def test_a_model_is_spread_over_as_few_gpus_as_hold_it(
    machine: Machine, model: Model, gpus: str | None
) -> None:
    if gpus is None:
        with pytest.raises(ConfigurationError, match="168 GiB; 2 GPUs of 79 GiB"):
            told(machine, model)
        return
    assert told(machine, model)["--tensor-parallel-size"] == gpus
    assert told(machine, model)["--gpu-memory-utilization"] == "0.90"


def test_the_number_of_gpus_may_be_wished_and_must_be_possible() -> None:
    assert told(EIGHT, SMALL, Wishes(tensor_parallel=2))["--tensor-parallel-size"] == "2"
    for count in (3, 16):
        with pytest.raises(ConfigurationError, match="possible are 1, 2, 4, 8"):
            told(EIGHT, SMALL, Wishes(tensor_parallel=count))
    with pytest.raises(ConfigurationError, match=r"8 GPUs asked for; possible are 1, 2, 4$"):
        told(EIGHT, Model("/models/odd", 14.0, None, (28, 4)), Wishes(tensor_parallel=8))


@pytest.mark.parametrize(("count", "said"), [(1, "1 GPU asked"), (2, "2 GPUs asked")])
def test_gpus_are_not_asked_for_where_there_is_none(count: int, said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{said} for, and there is none here"):
        told(CPU, SMALL, Wishes(tensor_parallel=count))


def test_over_how_many_gpus_an_unknown_model_goes_is_the_callers_to_say() -> None:
    with pytest.raises(ConfigurationError, match=r"nothing is known of org/unknown .*--gpus.*\(1, 2, 4, 8\)"):
        told(EIGHT, Model("org/unknown"))
    assert told(EIGHT, Model("org/unknown"), Wishes(tensor_parallel=4))["--tensor-parallel-size"] == "4"


def test_a_model_whose_heads_keep_it_from_the_gpus_it_needs_is_told_so() -> None:
    with pytest.raises(ConfigurationError, match=r"2 GPUs of 79 GiB do not hold it, .* over 1, 2 only"):
        told(EIGHT, Model("/models/large", 140.0, None, (14, 2)))


def test_twice_as_many_may_wait_as_are_worked_on() -> None:
    found = told(ONE, SMALL, Wishes(at_once=3))
    assert (found["--max-num-seqs"], found["--max-num-queued-reqs"]) == ("3", "6")


def test_without_a_gpu_nothing_is_said_of_gpus_and_prompts_stay_whole() -> None:
    found = told(CPU)
    assert not {"--tensor-parallel-size", "--gpu-memory-utilization"} & set(found)
    assert {"--enforce-eager", "--no-enable-chunked-prefill"} <= set(found)
    assert found["--max-num-batched-tokens"] == found["--max-model-len"] == "8192"
    assert "--enforce-eager" not in told(ONE)


def test_numbers_are_of_the_kind_that_the_device_computes_with() -> None:
    assert [told(machine)["--dtype"] for machine in (CPU, ONE, TURING)] == ["bfloat16", "bfloat16", "float16"]


@pytest.mark.parametrize(
    ("machine", "longest", "wished", "length"),
    [
        (ONE, None, None, "16384"),
        (ONE, 4096, None, "4096"),
        (CPU, 4096, 1024, "1024"),
        (CPU, 512, 8192, "512"),
    ],
)
def test_texts_are_as_long_as_wished_and_never_longer_than_the_model_takes(
    machine: Machine, longest: int | None, wished: int | None, length: str
) -> None:
    found = told(machine, Model("/m", 1.0, longest), Wishes(length=wished))
    assert found["--max-model-len"] == length


def test_the_server_tells_nobody_fetches_nothing_and_has_room_for_its_cache() -> None:
    found = environment(CPU, SMALL)
    assert found["VLLM_NO_USAGE_STATS"] == found["HF_HUB_OFFLINE"] == "1"
    assert found["VLLM_MEDIA_URL_ALLOW_REDIRECTS"] == "0"
    assert int(found["VLLM_CPU_KVCACHE_SPACE"]) == 1  # 24 GiB less the model's 17, and a quarter of it
    assert int(environment(Machine(0, 512.0), SMALL)["VLLM_CPU_KVCACHE_SPACE"]) == 40
    assert "VLLM_CPU_KVCACHE_SPACE" not in environment(ONE, SMALL)
    assert "HF_HUB_OFFLINE" not in environment(ONE, Model("org/on-a-hub"))


def test_the_same_machine_gets_the_same_arguments() -> None:
    assert arguments(TWO, SMALL, Wishes()) == arguments(Machine(2, 79.0, (9, 0)), SMALL, Wishes())


def test_a_models_folder_is_looked_into(tmp_path: Path) -> None:
    text = {"max_position_embeddings": 2048, "num_attention_heads": 28, "num_key_value_heads": 4}
    (tmp_path / "config.json").write_text(json.dumps({"text_config": text}), "utf-8")
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 2**20)
    assert Model.at(str(tmp_path)) == Model(str(tmp_path), 1 / 1024, 2048, (28, 4))
    assert Model.at("org/name") == Model("org/name")
    (tmp_path / "config.json").write_text('{"num_key_value_heads": 3}', "utf-8")
    assert Model.at(str(tmp_path)).heads == ()
    (tmp_path / "config.json").write_text("{", "utf-8")
    with pytest.raises(ConfigurationError, match="no model"):
        Model.at(str(tmp_path))
