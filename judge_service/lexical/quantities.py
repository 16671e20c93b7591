"""Numbers with units: doses, sizes, durations, frequencies, stages, as values of named quantities."""

from dataclasses import dataclass

from judge_service.lexical.scan import Token

TOLERANCE = 0.02
ROUGH = 0.15

_WORDS = {
    "zero": 0.0, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0,
    "seven": 7.0, "eight": 8.0, "nine": 9.0, "ten": 10.0, "eleven": 11.0, "twelve": 12.0,
    "thirteen": 13.0, "fourteen": 14.0, "fifteen": 15.0, "twenty": 20.0, "thirty": 30.0, "forty":
    40.0, "fifty": 50.0, "sixty": 60.0, "ninety": 90.0, "hundred": 100.0,
}  # fmt: skip
_ROMAN = {"i": 1.0, "ii": 2.0, "iii": 3.0, "iv": 4.0, "v": 5.0}
_UNITS: dict[str, tuple[str, float]] = {
    "mg": ("mass", 1.0), "milligram": ("mass", 1.0), "milligrams": ("mass", 1.0), "mgs": ("mass", 1.0),
    "g": ("mass", 1e3), "gram": ("mass", 1e3), "grams": ("mass", 1e3), "gm": ("mass", 1e3),
    "mcg": ("mass", 1e-3), "microgram": ("mass", 1e-3), "micrograms": ("mass", 1e-3), "ug": ("mass", 1e-3),
    "kg": ("weight", 1.0), "kilogram": ("weight", 1.0), "kilograms": ("weight", 1.0),
    "ml": ("volume", 1.0), "millilitre": ("volume", 1.0), "millilitres": ("volume", 1.0),
    "mls": ("volume", 1.0),
    "l": ("volume", 1e3), "litre": ("volume", 1e3), "litres": ("volume", 1e3), "liters": ("volume", 1e3),
    "mm": ("length", 1.0), "millimetre": ("length", 1.0), "millimetres": ("length", 1.0),
    "cm": ("length", 10.0), "centimetre": ("length", 10.0), "centimetres": ("length", 10.0),
    "centimeter": ("length", 10.0), "centimeters": ("length", 10.0), "millimeters": ("length", 1.0),
    "hour": ("duration", 1.0), "hours": ("duration", 1.0), "hr": ("duration", 1.0), "hrs": ("duration", 1.0),
    "h": ("duration", 1.0), "minute": ("duration", 1 / 60), "minutes": ("duration", 1 / 60),
    "min": ("duration", 1 / 60), "mins": ("duration", 1 / 60), "second": ("duration", 1 / 3600),
    "seconds": ("duration", 1 / 3600), "day": ("duration", 24.0), "days": ("duration", 24.0),
    "week": ("duration", 168.0), "weeks": ("duration", 168.0), "month": ("duration", 730.0),
    "months": ("duration", 730.0), "year": ("duration", 8760.0), "years": ("duration", 8760.0),
    "%": ("percent", 1.0), "percent": ("percent", 1.0), "mmhg": ("pressure", 1.0), "bpm": ("rate", 1.0),
    "\N{DEGREE SIGN}": ("temperature", 1.0), "degrees": ("temperature", 1.0), "celsius": ("temperature", 1.0),
    "units": ("units", 1.0), "unit": ("units", 1.0), "iu": ("units", 1.0), "mmol": ("amount", 1.0),
    "tablet": ("tablets", 1.0), "tablets": ("tablets", 1.0), "puffs": ("puffs", 1.0), "puff": ("puffs", 1.0),
    "mgkg": ("mass/kg", 1.0), "times": ("times", 1.0), "drops": ("drops", 1.0), "drop": ("drops", 1.0),
    "spoonfuls": ("spoons", 1.0), "teaspoons": ("spoons", 1.0),
}  # fmt: skip
_STAGES = frozenset({
    "type", "grade", "stage", "class", "phase", "score", "gcs", "level", "category", "degree",
    "tier", "bi-rads", "birads", "g", "p",
})  # fmt: skip
_DAYS = {"day": 1.0, "daily": 1.0, "week": 1 / 7, "weekly": 1 / 7, "month": 1 / 30, "monthly": 1 / 30}
_DAYS |= {"night": 1.0, "morning": 1.0, "hour": 24.0, "nightly": 1.0, "year": 1 / 365}
_OPENERS = (
    _WORDS.keys()
    | _ROMAN.keys()
    | {"once", "twice", "thrice", "every", "q", "daily", "weekly", "monthly", "nightly"}
)
_ROUGHLY = frozenset({
    "about", "around", "approximately", "nearly", "almost", "roughly", "circa",
})  # fmt: skip
_SAID = frozenset({"is", "of", "was", "at", ":"})
_RANGE = frozenset({"-", "\u2013", "to", "or"})


@dataclass(slots=True)
class Quantity:
    """A number of something: its kind, its range in base units, and where it stands."""

    of: str
    low: float
    high: float
    first: int
    last: int
    clause: int
    written: frozenset[float] = frozenset()
    rough: bool = False

    def meets(self, other: "Quantity") -> bool:
        """Tell whether the two ranges touch, within two parts in a hundred, or fifteen if said roughly."""
        room = (ROUGH if self.rough or other.rough else TOLERANCE) * max(abs(self.high), abs(other.high))
        return self.low <= other.high + room and other.low <= self.high + room


def _value(token: Token) -> float | None:
    if token.number:
        plain = token.word.replace(",", "") if token.word.count(",") and "." not in token.word else token.word
        try:
            return float(plain.replace(",", ""))
        except ValueError:
            return None
    return _WORDS.get(token.word)


class _Reader:
    """Walks the tokens once and collects quantities."""

    def __init__(self, found: list[Token]) -> None:
        self.found = found
        self.quantities: list[Quantity] = []

    def word(self, at: int) -> str:
        return self.found[at].word if 0 <= at < len(self.found) else ""

    def add(self, of: str, values: tuple[float, float], first: int, last: int) -> None:
        low, high = sorted(values)
        written = frozenset(v for t in self.found[first : last + 1] if (v := _value(t)) is not None)
        rough = self.word(first - 1) in _ROUGHLY or (self.word(first - 2), self.word(first - 1)) == (
            "just",
            "under",
        )
        self.quantities.append(Quantity(of, low, high, first, last, self.found[first].clause, written, rough))

    def range_end(self, at: int) -> tuple[int, float | None]:
        """Return the place and value of a range's upper end that follows, if any."""
        nxt = at + 1
        if self.word(nxt) in _RANGE and nxt + 1 < len(self.found):
            upper = _value(self.found[nxt + 1])
            if upper is not None:
                return nxt + 1, upper
        return at, None

    def period(self, at: int) -> tuple[int, float] | None:
        """Return the last place and rate of "a day", "per week", "daily" and the like, from this place on."""
        step = 1 if self.word(at) in {"a", "per", "each", "every", "/", "in"} else 0
        rate = _DAYS.get(self.word(at + step))
        if rate is None or (not step and self.word(at) in {"day", "week", "month", "hour", "year"}):
            return None
        return at + step, rate

    def every(self, at: int) -> int | None:
        """Read "every 8 hours", "8 hourly" or "every day"; return the last place taken."""
        lead = self.word(at) in {"every", "q"}
        first = at + 1 if lead else at
        if first >= len(self.found):
            return None
        value = _value(self.found[first])
        last, upper = self.range_end(first)
        unit = self.word(last + 1)
        hours = {"hour": 1.0, "hours": 1.0, "hourly": 1.0, "h": 1.0, "days": 24.0, "weeks": 168.0}.get(unit)
        if value is None or hours is None or not (lead or unit == "hourly") or not value or upper == 0:
            return None
        high = upper or value
        self.add("frequency", (24 / (value * hours), 24 / (high * hours)), at, last + 1)
        return last + 1

    def often(self, at: int) -> int | None:
        """Read "once daily", "twice a day", "three times a week", "daily"; return the last place taken."""
        count = {"once": 1.0, "twice": 2.0, "thrice": 3.0}.get(self.word(at))
        last, high = at, None
        if count is None and (value := _value(self.found[at])) is not None:
            last, high = self.range_end(at)
            if self.word(last + 1) == "times":
                count, last = value, last + 1
        start = last + 1 if count is not None else at
        period = self.period(start)
        if period is None:
            return None
        place, rate = period
        if count is None and self.word(place) in {"night", "morning", "hour"}:
            return None
        self.add("frequency", ((count or 1.0) * rate, (high or count or 1.0) * rate), at, place)
        return place

    def ratio(self, at: int) -> int | None:
        """Read a pair such as a blood pressure of 140/90; return the last place taken."""
        if self.word(at + 1) != "/" or at + 2 >= len(self.found) or not self.found[at + 2].number:
            return None
        first, second = _value(self.found[at]), _value(self.found[at + 2])
        if first is None or second is None:
            return None
        self.add("ratio", (first * 1000 + second,) * 2, at, at + 2)
        return at + 2

    def unit(self, at: int, value: float) -> int | None:
        """Read a number with its unit; return the last place taken, or None without a unit."""
        last, upper = self.range_end(at)
        nxt = last + 1 if self.word(last + 1) != "-" else last + 2
        known = _UNITS.get(self.word(nxt))
        if known is None:
            return None
        of, factor = known
        if of == "temperature" and self.word(nxt + 1) in {"c", "f"}:
            nxt, of = nxt + 1, of + self.word(nxt + 1)
        if self.word(nxt + 1) in {"/", "per"} and self.word(nxt + 2) in {"kg", "l", "dl", "kilogram", "ml"}:
            of, nxt = f"{of}/{self.word(nxt + 2)}", nxt + 2
        self.add(of, (value * factor, (upper if upper is not None else value) * factor), at, nxt)
        return nxt

    def plain_before(self, at: int) -> bool:
        """Tell whether a word stands before the "is" or "of" that leads to this number."""
        return at > 1 and not self.found[at - 2].mark and not self.found[at - 2].number

    def bare(self, at: int, value: float) -> int:
        """Read a stage before the number or a count of what follows it; return the last place taken."""
        last, upper = self.range_end(at)
        high = upper if upper is not None else value
        before = self.word(at - 1)
        if before in _STAGES:
            self.add(before, (value, high), at, last)
        elif before in _SAID and self.found[at].number and self.plain_before(at):
            self.add(f"value {self.found[at - 2].root}", (value, high), at, last)
        elif self.found[at].number or self.found[at].word not in {"one", "zero"}:
            follows = self.found[last + 1] if last + 1 < len(self.found) else None
            of = follows.root if follows and not follows.mark and not follows.number else ""
            self.add(f"count {of}", (value, high), at, last)
        return last

    def read(self, at: int) -> int:
        """Read whatever quantity starts here; return the next place."""
        token = self.found[at]
        if not token.number and token.word not in _OPENERS:
            return at + 1
        if self.word(at - 1) in _STAGES and token.word in _ROMAN:
            self.add(self.word(at - 1), (_ROMAN[token.word],) * 2, at, at)
            return at + 1
        for way in (self.every, self.often):
            taken = way(at)
            if taken is not None:
                return taken + 1
        value = _value(token)
        if value is None:
            return at + 1
        taken = self.ratio(at)
        if taken is None:
            taken = self.unit(at, value)
        return (taken if taken is not None else self.bare(at, value)) + 1


def quantities(found: list[Token]) -> list[Quantity]:
    """Return the quantities of the tokens in their order."""
    reader = _Reader(found)
    at = 0
    while at < len(found):
        at = reader.read(at)
    return reader.quantities
