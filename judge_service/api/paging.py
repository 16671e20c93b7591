"""How many of a list are told at one time."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from judge_service.errors import OptionRejected

_DIGITS = 6
After = Annotated[str, Query(description="The last id of the page before.")]
LimitTo1000 = Annotated[str, Query(description="1 to 1,000.", json_schema_extra={"default": "1000"})]


def page_limit(asked: str, most: int) -> int:
    """Read a page's length; `OptionRejected` where it is none."""
    if asked.isascii() and asked.isdigit() and len(asked) <= _DIGITS and 1 <= int(asked) <= most:
        return int(asked)
    raise OptionRejected(f"option 'limit': is an integer from 1 to {most}", (("/limit", f"1 to {most}"),))
