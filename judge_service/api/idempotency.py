"""The key under which a POST may be sent again."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header

from judge_service.errors import OptionRejected

_CAP = 255


async def _key(
    idempotency_key: Annotated[
        str | None,
        Header(
            description="Yours, new for each job: 1 to 255 printable characters. The same key with the same lines "
            "and options gives the job that it made, with `Idempotency-Replayed: true`, for as long as that is "
            "kept; with others it is refused.",
        ),
    ] = None,
) -> str | None:
    if idempotency_key is None:
        return None
    if len(idempotency_key) > _CAP or not idempotency_key.isprintable() or not idempotency_key.strip():
        message = f"Idempotency-Key: 1 to {_CAP} printable characters"
        raise OptionRejected(message, (("/Idempotency-Key", f"1 to {_CAP} printable"),))
    return idempotency_key


TheKey = Annotated[str | None, Depends(_key)]
