"""The arguments and environment of `vllm serve`: a pure function of machine, model and wishes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from judge_service.errors import ConfigurationError

if TYPE_CHECKING:
    from judge_service.local.machine import Machine

GPU_SHARE = 0.90  # of a GPU's memory that vLLM takes
_GIB = 2**30
_SPARE = 1.2  # weights and what computing with them needs, over the weights alone
_BFLOAT16_SINCE = (8, 0)  # compute capability
_PIXELS = 40_000_000
_OF_THE_TEXT = ("max_position_embeddings", "num_attention_heads", "num_key_value_heads")  # in config.json
# Without these a model may write legal blanks without end, or fields that nobody asked for (vLLM 0.32).
STRUCTURED = {"backend": "guidance", "disable_any_whitespace": True, "disable_additional_properties": True}


@dataclass(frozen=True, slots=True)
class Model:
    """A model by folder or name, and what is known of it.

    The size of its weights, the longest text it takes, and how many attention heads it has, of queries and of keys:
    vLLM spreads it only over so many GPUs that they come out even.
    """

    place: str
    weights_gib: float | None = None
    longest: int | None = None
    heads: tuple[int, ...] = ()

    @classmethod
    def at(cls, place: str) -> Model:
        """Look into the folder, if it is one; a name of a hub is taken as it is."""
        folder = Path(place)
        if not folder.is_dir():
            return cls(place)
        try:
            config = json.loads((folder / "config.json").read_text("utf-8"))
            longest, *heads = map((config.get("text_config") or config).get, _OF_THE_TEXT)
        except (OSError, ValueError, AttributeError):
            raise ConfigurationError(f"{place} holds no readable config.json: no model") from None
        size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
        return cls(
            str(folder),
            size / _GIB if size else None,
            longest if isinstance(longest, int) else None,
            tuple(takewhile(lambda count: isinstance(count, int) and count > 0, heads)),
        )

    def spreads_over(self, gpus: int) -> bool:
        """Whether its heads come out even; where GPUs outnumber the heads of keys, each head is on several."""
        queries, keys = self.heads[:1], self.heads[1:]
        return all(count % gpus == 0 for count in queries) and all(
            count % gpus == 0 or gpus % count == 0 for count in keys
        )


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller decides; None leaves it to the machine."""

    name: str = "judge"
    host: str = "127.0.0.1"
    port: int = 8000
    images: int = 4
    at_once: int | None = None
    length: int | None = None
    tensor_parallel: int | None = None


def arguments(machine: Machine, model: Model, wishes: Wishes) -> list[str]:
    """What follows `vllm serve`."""
    options = engine_options(machine, model, wishes)
    return [
        *(str(options.pop("model")), "--host", wishes.host, "--port", str(wishes.port)),
        *(word for name, value in options.items() for word in _words(name.replace("_", "-"), value)),
        # Full, it says so at once; without a bound its queue grows and every answer comes too late.
        *("--max-num-queued-reqs", str(2 * _at_once(machine, wishes)), "--enable-prompt-tokens-details"),
        *("--shutdown-timeout", str(drain_s(machine))),
    ]


def engine_options(machine: Machine, model: Model, wishes: Wishes) -> dict[str, object]:
    """What vLLM's engine is started with, the same behind a server and inside a process of ours."""
    length = context_length(machine, model, wishes)
    shared: dict[str, object] = {
        "model": model.place,
        "served_model_name": wishes.name,
        "dtype": dtype(machine),
        "max_model_len": length,
        "structured_outputs_config": STRUCTURED,
        "limit_mm_per_prompt": {"image": wishes.images, "video": 0},
        "max_num_seqs": _at_once(machine, wishes),
        "enable_prefix_caching": True,
        # A model's own sampling defaults would apply behind our back.
        "generation_config": "vllm",
        # We send pixels, never addresses: nothing that a prompt holds makes the server fetch anything.
        "allowed_media_domains": ["nothing.invalid"],
    }
    if machine.gpus:
        parallel = tensor_parallel(machine, model, wishes)
        return shared | {"gpu_memory_utilization": GPU_SHARE, "tensor_parallel_size": parallel}
    if wishes.tensor_parallel is not None:
        raise ConfigurationError(f"{_gpus(wishes.tensor_parallel)} asked for, and there is none here")
    # Compiling takes a minute of every start. A prompt in chunks with a seed ends the CPU engine (vLLM 0.32).
    return shared | {
        "enforce_eager": True,
        "enable_chunked_prefill": False,
        "max_num_batched_tokens": length,
    }


def _words(name: str, value: object) -> tuple[str, ...]:
    """An option as the command line takes it."""
    if isinstance(value, bool):
        return (f"--{name}" if value else f"--no-{name}",)
    if isinstance(value, list):
        return (f"--{name}", *map(str, value))
    if isinstance(value, dict):
        return (f"--{name}", json.dumps(value, separators=(",", ":")))
    return (f"--{name}", f"{value:.2f}" if isinstance(value, float) else str(value))


def _at_once(machine: Machine, wishes: Wishes) -> int:
    return wishes.at_once or (128 if machine.gpus else 64)


def environment(machine: Machine, model: Model) -> dict[str, str]:
    """What is set for the server besides what it inherits."""
    found = {
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "VLLM_MEDIA_URL_ALLOW_REDIRECTS": "0",
        "VLLM_MAX_IMAGE_PIXELS": str(_PIXELS),
    }
    if model.weights_gib is not None:
        found |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    if not machine.gpus:
        left = machine.memory_gib - _SPARE * (model.weights_gib or 0)
        found["VLLM_CPU_KVCACHE_SPACE"] = str(max(1, min(40, int(left / 4))))
    return found


def drain_s(machine: Machine) -> int:
    """How long a server that is stopped finishes what it has."""
    return 60 if machine.gpus else 20


def dtype(machine: Machine) -> str:
    """bfloat16, but on GPUs that do not compute with it."""
    old = machine.capability is not None and machine.capability < _BFLOAT16_SINCE
    return "float16" if old else "bfloat16"


def context_length(machine: Machine, model: Model, wishes: Wishes) -> int:
    """Tokens of prompt and answer: as wished, at most what the model takes."""
    wanted = wishes.length or (16_384 if machine.gpus else 8_192)
    return wanted if model.longest is None else min(wanted, model.longest)


def tensor_parallel(machine: Machine, model: Model, wishes: Wishes) -> int:
    """The fewest GPUs, in powers of two, that hold the model and over which its heads come out even.

    More replicas serve more answers than one model spread wider than it must be. Where its size is not known, the
    most. `ConfigurationError` for a model that fits no number of them, and where nothing of it is known.
    """
    possible = [count for count in (1, 2, 4, 8, 16) if count <= machine.gpus and model.spreads_over(count)]
    told = ", ".join(map(str, possible))
    if (wished := wishes.tensor_parallel) is not None:
        if wished not in possible:
            raise ConfigurationError(f"{_gpus(wished)} asked for; possible are {told}")
        return wished
    if model.weights_gib is None:
        if len(possible) > 1 and not model.heads:
            raise ConfigurationError(
                f"nothing is known of {model.place} before it is loaded: say by --gpus over how many it is "
                f"spread ({told})"
            )
        return possible[-1]
    need = _SPARE * model.weights_gib
    for count in possible:
        if need <= GPU_SHARE * machine.memory_gib * count:
            return count
    raise ConfigurationError(
        f"the model needs {need:.0f} GiB; {_gpus(possible[-1])} of {machine.memory_gib:.0f} GiB do not hold it"
        + (f", and its heads come out even over {told} only" if possible[-1] * 2 <= machine.gpus else "")
    )


def _gpus(count: int) -> str:
    return "1 GPU" if count == 1 else f"{count} GPUs"
