"""What in a reply speaks against the option that was found in it: a denial, a correction, a list of options."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

# Decoration that models put around a letter: bold, brackets, a full stop. Possessive: a reply may be all blanks.
MARKS, CLOSED = r"[*_`\"'(\[{<]*+", r"[*_`\"')\]}>]*+"
# How far around a letter it is read what is said of it: more would take too long in a reply that repeats itself.
_NEAR, _LINE = 300, 1000
_REST = rf"(?=([^.;!?\n]{{0,{_NEAR}}}))"
_SENTENCE = re.compile(r"[.;!?\n]")
_CLAUSE = re.compile(r"[.;!?\n]|\b(?:but|however|so|therefore|thus|hence)\b", re.IGNORECASE)
# A sentence that denies, asks or supposes states nothing.
_DOUBT = re.compile(
    r"\b(?:not|never|cannot|neither|nor|hardly|if|whether|unless|suppose|might|could|may|tempting|other|second"
    r"|wrong|incorrect|false|untrue|unlikely|mistaken|doubt\w*|disagree\w*|den(?:y|ie[sd])|reject\w*|refut\w*"
    r"|(?:many|some|others|one)\s+would)\b|n['’]t\b",
    re.IGNORECASE,
)
# Names that end in a letter: "Hepatitis B." names no option.
_NAMED = re.compile(
    r"\b(?:hepatitis|influenza|vitamins?|types?|groups?|grades?|stages?|class|factors?|zones?|regions?|categor(?:y|ies)"
    r"|kerley|weber|stanford|pugh|forrest|panels?|fig(?:ure)?s?|images?|arrows?|leads?|levels?)\.?[\s*_(\[]*"
    r"(?:[A-J]\W+(?:(?:and|or)\W+)?)*$",
    re.IGNORECASE,
)

_JUST = (
    r"(?:(?:most|quite|very|simply|just|also|clearly|certainly|definitely|probably|likely|therefore|thus|far|even)"
    r"\s+)*"
)
_NOT = r"(?:(?:is|was)(?:\s+not|n['’]t)|(?:can|could|would)(?:\s*not|n['’]t)\s+be)"
_IS = r"(?:is|was|seems|looks|appears|would\s+be|(?:can|must|should)\s+be)"
_FALSE = (
    rf"(?:{_NOT}\s+{_JUST}(?:the\s+)?(?:best\s+|right\s+|correct\s+)?(?:right|correct|true|answer|option|choice|one)"
    rf"|{_IS}\s+(?:\w+\s+)?(?:wrong|incorrect|false|not\s+{_JUST}(?:the\s+)?(?:best\s+|right\s+|correct\s+)?"
    r"(?:right|correct|true|answer|option|choice|one)))\b"
)
_UNFIT = (
    rf"(?:{_NOT}\s+{_JUST}(?:(?:the\s+)?best|likely|supported|consistent|plausible|possible)"
    r"|(?:does|do|did)(?:\s+not|n['’]t)\s+(?:fit|match|apply|explain)"
    rf"|{_IS}\s+(?:\w+\s+)?(?:excluded|rejected|eliminated|dismissed|implausible|impossible|(?:less\s+|un)likely"
    rf"|(?:ruled|left)\s+out|not\s+{_JUST}(?:(?:the\s+)?best|likely|supported|consistent|plausible|possible)))\b"
)
_AGAINST_IT = (
    r"(?:not|never|neither|nor|isn['’]t|wasn['’]t|anything\s+but|rather\s+than"
    r"|instead\s+of|(?:rul|exclud|eliminat|reject|dismiss|discard)\w*(?:\s+out)?)\s+(?:the\s+)?"
    r"(?:(?:answer|option|choice)\s+)?"
)
# What "it" says less of the option than of the finding, unless nothing follows: "it is not consistent with a cyst".
_IT_ENDS = r"(?=\W*(?:[.;!?\n]|$|because\b|since\b|as\b|here\b|given\b))"
_IT = re.compile(
    rf"\b(?:(?:this|that|the)\s+(?:option|answer|choice|one)\s+(?:{_FALSE}|{_UNFIT})"
    rf"|(?:this|that|it|which)\s+(?:{_FALSE}|{_UNFIT}{_IT_ENDS}))",
    re.IGNORECASE,
)

# Words that take an option's part: those that correct another, and those that merely say it.
_FILLER = (
    r"(?:not\W+[A-J]\W+but\W+)?(?:(?:no|it|is|it['’]s|should|be|must|would|i|i['’]d|say|think|mean|meant|choose|pick"
    r"|go|with|for|my|the|final|correct|right|best|better|answer|option|choice|let|me|change|that|to|on|reflection"
    r"|actually|rather|instead|wait|sorry|in|fact)\W{1,9}){0,8}(?:not\W+[A-J]\W+but\W+)?"
)
_TURN = (
    r"\b(?:actually|correction|corrected|i\s+meant?|wait|sorry|instead|rather(?!\s+than)|scratch\s+that|hmm|revised"
    r"|on\s+(?:second\s+thoughts?|reflection)|(?<![:–—-]\s)no(?=[,:;!–—-])|change\s+(?:it|that|my\s+answer)\s+to"
    r"|in\s+fact)\W{1,9}"
)
_SAY = (
    r"\b(?:it\s+(?:is|must\s+be|should\s+be)|it['’]s|i(?:['’]d|\s+would)?\s+(?:say|think|guess|believe|choose|pick|select)"
    r"|(?:choose|pick|select|go(?:ing)?\s+(?:with|for)))\W{1,9}(?:(?:it|is|the|answer|option|choice)\W{1,9}){0,3}"
)
_STANDS = rf"(?={CLOSED}(?:[.;:!,)]|\s*$|\s+(?:is|fits?|seems|looks|matches|because|since|as|instead)\b))"
_TURNED = re.compile(rf"(?i:{_TURN}{_FILLER}){MARKS}([A-J]){_STANDS}{_REST}", re.MULTILINE)
_SAID = re.compile(rf"(?i:{_SAY}){MARKS}([A-J])(?={CLOSED}(?:[.;!,]|\s*$)){_REST}", re.MULTILINE)
_ALONE = re.compile(
    rf"[.;:!?]\s+{MARKS}(?:(?i:and|or|also)\s+)?{MARKS}([A-J])(?={CLOSED}(?:[.;!?]|\s*$)){_REST}",
    re.MULTILINE,
)

# A letter that names an option, and no article or "I".
_STANDING = re.compile(
    r"(?<![\w'’])[A-J](?![\w'’])(?!\s+(?!(?:is|was|seems|looks|does|fits?|has|lacks|and|or|as|because|since)\b)[a-z])"
)
_LABEL = re.compile(r"\w[*_`\"']*+(?:([)\].:])|\s*+[-–—]\s)")
_MENTIONED = re.compile(
    rf"(?:\b(?i:option|choice|answer)\s+{MARKS}([A-J])\b|(?<!\w)\(?([A-J])\)|(?<!\w)([A-J])[.:](?=\s)"
    r"|[\s,/](?:\*\*)?([A-J])\s[-–—]\s"
    rf"|\b(?:and|or|maybe|perhaps|possibly)\s+{MARKS}([A-J])(?={CLOSED}(?:[.;!?,]|\s*$))){_REST}"
)
# A sentence that speaks of another option with one of these does not speak for it.
_AGAINST = re.compile(
    r"\b(?:not|no|never|unlike|rather\s+than|instead\s+of|against|whereas|lacks?|would|exclud\w+|(?:rules?|ruled)\s+out"
    r"|wrong|incorrect|false|(?:less\s+|un)likely)\b|n['’]t\b",
    re.IGNORECASE,
)
_SET_APART = re.compile(
    r"\b(?:than|unlike|instead\s+of|not|nor|neither|against|exclud\w+|rul\w+\s+out|reject\w*|eliminat\w*)\W*"
    r"(?:(?:option|answer|choice)\W+)?$",
    re.IGNORECASE,
)
_VERB_AGAINST = re.compile(
    rf"\W*+(?:(?:(?:and|or)\b\W*+)?[A-J]\b\W*+)*+(?:{_FALSE}|{_UNFIT}|(?:are|were)\b.*?{_AGAINST.pattern}|would\b)",
    re.IGNORECASE,
)


def states_nothing(reply: str, at: int) -> bool:
    """Whether the clause in front of a letter denies, asks or supposes it."""
    return bool(_DOUBT.search(_CLAUSE.split(reply[max(0, at - _NEAR) : at])[-1]))


def speaks_against(reply: str, letter: str, places: Collection[int], letters: Collection[str]) -> bool:
    """Whether a reply takes back the option that it names at these places, or states another one beside it."""
    return (
        _denies(reply, letter, min(places))
        or any(_lists(reply, at, letters) for at in places)
        or any(speaks_for_another(_sentence_at(reply, at), letter, letters) for at in places)
        or any(other != letter and other in letters for other in _said(reply))
    )


def speaks_for_another(reply: str, letter: str, letters: Collection[str]) -> bool:
    """Whether it mentions another option and does not, in the same sentence, call it wrong."""
    for match in _MENTIONED.finditer(reply):
        at = max(match.start(group) for group in range(1, match.re.groups))
        before = _before(reply, at)
        if reply[at] == letter or reply[at] not in letters or _NAMED.search(before):
            continue
        if not (_AGAINST.search(before + match[match.re.groups]) or _SET_APART.search(before)):
            return True
    return False


def _before(reply: str, at: int) -> str:
    return _SENTENCE.split(reply[max(0, at - _NEAR) : at])[-1]


def _sentence_at(reply: str, at: int) -> str:
    """What follows an option's label up to the end of the sentence."""
    own = _LABEL.match(reply, at)
    start = own.end() if own else at + 1
    return _SENTENCE.split(reply[start : start + _NEAR])[0]


def _denies(reply: str, letter: str, since: int) -> bool:
    """Whether it calls the option wrong by its letter, or by "it" where that letter was the last one named."""
    is_wrong = rf"[.:,]?\s*+(?:[-–—]\s*)?(?i:(?:which|that)\s+)?(?i:{_FALSE}|{_UNFIT})"
    bare = rf"\s*+[.:,–—-]?\s*+{MARKS}(?:wrong|incorrect|[Nn]ot\s+(?:the\s+)?(?:right|correct|answer))\b"
    by_letter = rf"(?<![\w'’]){letter}\b{CLOSED}(?:{is_wrong}|{bare})|\b(?i:{_AGAINST_IT}){MARKS}{letter}\b"
    if any(not _NAMED.search(_before(reply, match.start())) for match in re.finditer(by_letter, reply)):
        return True
    for match in _IT.finditer(reply, since):
        named = _STANDING.findall(reply[max(since, match.start() - _NEAR) : match.start()])
        if not named or named[-1] == letter:
            return True
    return False


def _said(reply: str) -> Iterator[str]:
    """Options that a reply speaks for in passing: "wait, B", "I would say B", "B." as a sentence."""
    for pattern in (_TURNED, _SAID, _ALONE):
        for match in pattern.finditer(reply):
            at = match.start(1)
            if _VERB_AGAINST.match(match[2]):
                continue
            if pattern is _TURNED or not (states_nothing(reply, at) or _AGAINST.search(_before(reply, at))):
                yield match[1]


def _lists(reply: str, at: int, letters: Collection[str]) -> bool:
    """Whether the line goes on with a label like the one at this place: "A) nodule B) cavity"."""
    own = _LABEL.match(reply, at)
    if own is None:
        return False
    line = reply[at : at + _LINE].partition("\n")[0]
    front = r"(?<=[(\[])" if reply[max(0, at - 1) : at] in {"(", "["} else r"(?<![\w(\[])"
    mark = rf"{re.escape(own[1])}(?=[\s*_`])" if own[1] else r"\s*+[-–—]\s"
    for match in re.finditer(rf"{front}([A-J])[*_`\"']*+{mark}{_REST}", line[own.end() - at :]):
        if match[1] == line[0].upper() or match[1] not in letters:
            continue
        start = own.end() - at + match.start()
        before = line[max(0, start - _NEAR) : start]
        if not (_SET_APART.search(before) or _NAMED.search(before) or _VERB_AGAINST.match(match[2])):
            return True
    return False
