"""Money that calls to judges may cost: a call sets its worst case aside before it is made, or is not made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from judge_service.domain.price import MEGA, usd
from judge_service.errors import CostCapReached

if TYPE_CHECKING:
    from judge_service.domain.price import Price


class Payer(Protocol):
    """Whatever pays for calls."""

    async def take(self, price: Price | None, bound: int) -> None:
        """Set the bound of one call aside; raises `CostCapReached` before the call where that cannot be."""
        ...

    def settle(self, bound: int, cost: int | None) -> None:
        """Take back what a call did not cost; None: nobody knows."""
        ...


class Purse:
    """Holds what is left of a cap, in micro-dollars; one for a request, or one for all rows of a job.

    `within`: a purse that pays as well, so that both caps hold.

    What calls under way have set aside may come back: a call that finds too little waits for that before it
    is refused, so that how many rows are asked does not depend on how many are asked at one time.
    """

    def __init__(self, cap: int, spent: int = 0, *, within: Payer | None = None) -> None:
        self.cap = cap
        self.left = cap - spent
        self._held = 0  # calls under way
        self._closed = False
        self._changed = asyncio.Event()
        self._within = within

    async def take(self, price: Price | None, bound: int) -> None:
        """Set the bound of one call aside; raises `CostCapReached` before the call where that cannot be."""
        await self._take(price, bound)
        if self._within is not None:
            try:
                await self._within.take(price, bound)
            except BaseException:
                self._settle(bound, 0)
                raise

    async def _take(self, price: Price | None, bound: int) -> None:
        if price is None:
            raise CostCapReached(
                "the judge's price is unknown, so that no cap on cost can be kept; set its price (`price` in the "
                "judge's settings, or JUDGE_SERVICE_PRICES), or ask without a cap"
            )
        while bound > self.left and self._held and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        if bound > self.left or (self._closed and bound):
            raise CostCapReached(
                f"a call may cost up to {usd(bound)}, and {usd(max(0, self.left))} are left of the cap of "
                f"{usd(self.cap)}; raise the cap, or lower the judge's max_tokens"
            )
        self.left -= bound
        self._held += 1

    def settle(self, bound: int, cost: int | None) -> None:
        """Put back what a call did not cost; one of unknown cost is held to have cost its bound."""
        self._settle(bound, cost)
        if self._within is not None:
            self._within.settle(bound, cost)

    def _settle(self, bound: int, cost: int | None) -> None:
        self.left += 0 if cost is None else bound - cost
        self._held -= 1
        self._changed.set()

    def close(self) -> None:
        """Pay for no further call."""
        self._closed = True
        self._changed.set()


class Tab:
    """What one request has had out of a purse, which others may share, whatever becomes of its answer."""

    def __init__(self, purse: Payer) -> None:
        self._purse = purse
        self.calls = 0
        self.taken = 0  # a call of unknown cost is held to have cost its bound
        self.is_known = True

    @property
    def spent(self) -> int | None:
        """Micro-dollars; None where the cost of a call is unknown."""
        return self.taken if self.is_known else None

    async def take(self, price: Price | None, bound: int) -> None:
        """As the purse does; its refusal tells what was had before."""
        try:
            await self._purse.take(price, bound)
        except CostCapReached as refused:
            raise CostCapReached(str(refused), self.calls, self.spent) from refused

    def settle(self, bound: int, cost: int | None) -> None:
        """As the purse does, and note it."""
        self._purse.settle(bound, cost)
        self.calls += 1
        self.taken += bound if cost is None else cost
        self.is_known = self.is_known and cost is not None


def purse_of(cap_usd: float | None, spent: int = 0) -> Purse | None:
    """A purse with a cap in dollars, of which so many micro-dollars are gone; None: there is no cap."""
    return None if cap_usd is None else Purse(round(cap_usd * MEGA), spent)


def paid_from(cap_usd: float | None, purse: Payer | None = None) -> Tab | None:
    """A tab for one request, with its own cap in dollars and within the purse of many; None: nothing bounds it."""
    own = purse if cap_usd is None else Purse(round(cap_usd * MEGA), within=purse)
    return None if own is None else Tab(own)
