"""A job's cap on cost, kept by all workers together: each draws what it needs from the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from judge_service.backends.purse import Purse
from judge_service.domain.price import MEGA

if TYPE_CHECKING:
    from judge_service.domain.job import JobOrder
    from judge_service.domain.price import Price
    from judge_service.jobs.base import JobBackend

_DRAWS = 64  # about so many draws make up the cap


class JobPurse(Purse):
    """Holds what this worker has drawn. What a worker that died had drawn is held to be spent."""

    def __init__(self, jobs: JobBackend, job: str, cap: int) -> None:
        super().__init__(cap)
        self.left = 0
        self._jobs = jobs
        self._job = job

    async def take(self, price: Price | None, bound: int) -> None:
        """Set the bound of a call aside, drawn first where there is too little; raises `CostCapReached`."""
        while price is not None and bound > self.left:
            need = bound - self.left
            drawn = await self._jobs.draw(self._job, need, max(need, self.cap // _DRAWS))
            self.left += drawn  # after the wait, in which other calls of ours took and settled, so look again
            if not drawn:
                break
        await super().take(price, bound)

    async def give_back(self) -> None:
        """Return what is left."""
        left, self.left = self.left, 0
        if left > 0:
            await self._jobs.draw(self._job, -left, -left)


def purse_of(jobs: JobBackend, order: JobOrder) -> JobPurse | None:
    """A purse for a job that has a cap."""
    if order.max_cost_usd is None:
        return None
    return JobPurse(jobs, order.id, round(order.max_cost_usd * MEGA))
