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
            description="Yours, new for each job. The same key with the same lines and options gives the job that "
            "it made, with `Idempotency-Replayed: true`, for as long as that is kept; with others it is refused.",
            json_schema_extra={"minLength": 1, "maxLength": _CAP},
        ),
    ] = None,
) -> str | None:
    if idempotency_key is None:
        return None
    if len(idempotency_key) > _CAP or not idempotency_key.isprintable() or not idempotency_key.strip():
        rule = f"1 to {_CAP} printable characters"
        raise OptionRejected(f"Idempotency-Key: {rule}", (("/Idempotency-Key", rule),))
    return idempotency_key


TheKey = Annotated[str | None, Depends(_key)]
