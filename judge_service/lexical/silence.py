"""Whether a response says nothing of the matter: it is empty, has no answer or declines to give one."""

import re

_SILENT = re.compile(
    r"^\W*(?:n/?a|none|nil|null|unknown|unsure|no (?:answer|comment|response|idea)|"
    r"not (?:sure|available|applicable)|"
    r"i (?:do not|don['\u2019]?t|cannot|can['\u2019]?t|can not) (?:know|say|tell|answer|help|determine)\b"
    r"[^.!?\n]{0,80}|"
    r"i(?: am|['\u2019]m) (?:not sure|unable|sorry)\b[^.!?\n]{0,80})?\W*$",
    re.IGNORECASE | re.DOTALL,
)
_DECLINES = re.compile(
    r"^\W*(?:(?:i(?: am|['\u2019]m) )?(?:very |so |really )?sorry\b|i apologi[sz]e|unfortunately,? i|"
    r"as an? ai|i(?: am|['\u2019]m) (?:unable|not able)|"
    r"i (?:do not|don['\u2019]?t|cannot|can['\u2019]?t|can not|won['\u2019]?t|will not))\b"
    r"[^.!?\n]{0,120}?"
    r"\b(?:help|assist|interpret|diagnose|analy[sz]e|provide|comply|answer|advise|"
    r"comment|view|know|determine|give (?:medical |any )*advice)\b"
    r"[^.!?\n]{0,200}(?:[.!?\n]+|$)",
    re.IGNORECASE,
)
_REFERS_ON = re.compile(
    r"\b(?:consult|ask|see|contact|speak|talk|seek|refer|reach|please|professional|doctor|physician|"
    r"radiologist|specialist|let me know|happy to)\b",
    re.IGNORECASE,
)
SILENT_LENGTH, DECLINING_LENGTH = 160, 600


def _declines(response: str) -> bool:
    """Tell whether the response refuses and then at most sends the reader to somebody else."""
    said = _DECLINES.match(response)
    if said is None or len(response) > DECLINING_LENGTH:
        return False
    rest = [piece for piece in re.split(r"[.!?\n]+", response[said.end() :]) if piece.strip()]
    return all(_REFERS_ON.search(piece) for piece in rest)


def silent(response: str) -> bool:
    """Tell whether the response is empty, says only that it has no answer, or refuses to give one."""
    text = response.strip()
    if len(text) < SILENT_LENGTH and _SILENT.match(text) is not None:
        return True
    return _declines(text)
