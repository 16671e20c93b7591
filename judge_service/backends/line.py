"""Who waits at a judge's gate, and who is next."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from judge_service.domain.place import Place


class Standing(Protocol):
    """Somebody in line; the place stays the same while they are in it or inside."""

    @property
    def place(self) -> Place: ...


W = TypeVar("W", bound=Standing)


class Line(Generic[W]):
    """Interactive before batch, each in the order of coming; batch callers' tenants take turns.

    While batch callers of several tenants wait, a tenant that holds its share is passed over. With a share of
    half, rounded up, no place stays empty for that: two tenants with their shares fill it. Every step takes
    the same time however many wait.
    """

    def __init__(self) -> None:
        self._urgent: OrderedDict[W, None] = OrderedDict()
        self._tenants: OrderedDict[str, OrderedDict[W, None]] = (
            OrderedDict()
        )  # of those who wait; next one first
        self._held: Counter[str] = Counter()  # places that tenants' batch calls hold
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def join(self, who: W, *, first: bool = False) -> None:
        """Stand at the end, or in front of everybody of the same class."""
        line, tenant = self._urgent, who.place.tenant
        if who.place.priority == "batch":
            line = self._tenants.setdefault(tenant, OrderedDict())
            if first:
                self._tenants.move_to_end(tenant, last=False)
        line[who] = None
        if first:
            line.move_to_end(who, last=False)
        self._length += 1

    def leave(self, who: W) -> bool:
        """Step out of the line; False where they do not stand in it."""
        tenant = who.place.tenant
        line = self._urgent if who.place.priority == "interactive" else self._tenants.get(tenant)
        if not line or who not in line:
            return False
        del line[who]
        self._length -= 1
        if not line and line is not self._urgent:
            del self._tenants[tenant]
        return True

    def call(self, limit: float) -> W | None:
        """Take the next one out of the line, for a gate that lets `limit` in; None: nobody waits."""
        if not self._length:
            return None
        tenant = None if self._urgent else self._whose_turn(limit)
        line = self._urgent if tenant is None else self._tenants[tenant]
        who = next(iter(line))
        self.leave(who)
        if tenant is not None and tenant in self._tenants:
            self._tenants.move_to_end(tenant)
        return who

    def _whose_turn(self, limit: float) -> str:
        if len(self._tenants) > 1:
            share = (int(limit) + 1) // 2
            for tenant in self._tenants:
                if self._held[tenant] < share:
                    return tenant
        return next(iter(self._tenants))

    def seat(self, place: Place) -> None:
        """Count a place as held."""
        if place.priority == "batch":
            self._held[place.tenant] += 1

    def rise(self, place: Place) -> None:
        """Count it as free again."""
        if place.priority == "batch":
            self._held[place.tenant] -= 1
            if not self._held[place.tenant]:
                del self._held[place.tenant]
