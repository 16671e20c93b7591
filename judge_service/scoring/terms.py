"""On what terms a case is scored: what is no part of the case, and changes no score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from judge_service.backends.purse import Payer
    from judge_service.domain.place import Place


@dataclass(frozen=True, slots=True)
class Terms:
    """Until when (event-loop time), paid from what, where in a judge's line, and with every image checked or not."""

    deadline: float
    purse: Payer | None
    place: Place
    check_images: bool
