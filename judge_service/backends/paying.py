"""What a call to a judge costs, and the most that it can cost, which is set aside before it is made.

The worst case: no prompt has more tokens than bytes, no reply more than its cap.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Final

from judge_service.domain.price import MEGA
from judge_service.errors import BackendTimeout, CostCapReached

if TYPE_CHECKING:
    from judge_service.backends.base import Completion, Landing, Prompt
    from judge_service.domain.judge import JudgeSpec
    from judge_service.domain.price import Price

# What a server's template puts around two messages and a schema.
FRAME_TOKENS: Final = 512
# Of one picture, in the dearest way of counting that we know: eight tiles of 5,667 and 2,833 for the whole.
IMAGE_TOKENS: Final = 50_000


async def set_aside(judge: str, prompt: Prompt, price: Price | None, landing: Landing) -> int:
    """Take the worst case of one call out of the prompt's purse, if it has one; in micro-dollars.

    Raises CostCapReached, which names the judge, or BackendTimeout when other calls keep what is left for too long.
    """
    if prompt.purse is None:
        return 0
    bound = bound_microusd(price, prompt) if price else 0
    try:
        async with asyncio.timeout_at(landing.deadline):
            await prompt.purse.take(price, bound)
    except CostCapReached as refused:
        raise CostCapReached(
            f"judge {judge!r}: {refused}", refused.calls, refused.spent_microusd
        ) from refused
    except TimeoutError:
        raise BackendTimeout("the time was up before other calls had left enough of the cap") from None
    return bound


def cost_of(completion: Completion, price: Price | None, spec: JudgeSpec) -> int | None:
    """Micro-dollars of one answer; that of another model than the one asked for has another price."""
    if price is None or not spec.answers_for(completion.model):
        return None
    usage = completion.usage
    return price.cost(usage.input_tokens, usage.output_tokens, usage.cached_tokens)


def bound_microusd(price: Price, prompt: Prompt) -> int:
    """Micro-dollars of the worst case, rounded up."""
    parts = input_bound(prompt) * price.input + prompt.max_tokens * price.output
    return -(-parts // MEGA)


def input_bound(prompt: Prompt) -> int:
    """The most tokens that a server can count: a token stands for a byte at least."""
    framed = (*prompt.labels, prompt.closing)
    texts = (
        prompt.system,
        prompt.user,
        *framed,
        prompt.reminder,
        json.dumps(prompt.schema),
        prompt.schema_name,
    )
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    return size + FRAME_TOKENS + IMAGE_TOKENS * len(prompt.images)
