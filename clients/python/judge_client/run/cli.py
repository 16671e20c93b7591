"""`judge-client run DATASET …`: takes a model through a data set and scores it as answers arrive."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from judge_client.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

_DONE, _FAILED, _WRONG, _INTERRUPTED = 0, 1, 2, 130
_NEEDED = ("aiohttp", "rich")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code: 0 done, 1 with items that failed, 2 cannot, 130 interrupted."""
    if _lacks(_NEEDED, "run"):
        return _WRONG
    chosen = _parser().parse_args(words)
    if getattr(chosen, "provider", None) == "litellm" and _lacks(("litellm",), "litellm"):
        return _WRONG
    from judge_client.run import commands, printing  # noqa: PLC0415  after the check, for they need the extra

    try:
        return commands.COMMANDS[chosen.command](chosen)
    except commands.EXPECTED as exc:
        sys.stderr.write(f"judge-client: {printing.printable(str(exc))}\n")
        return _WRONG
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write("judge-client: interrupted; the same command goes on\n")
        return _INTERRUPTED


def _lacks(names: Sequence[str], extra: str) -> bool:
    """Whether something is missing that an extra brings; then it is said."""
    lacking = [name for name in names if importlib.util.find_spec(name) is None]
    if lacking:
        sys.stderr.write(f"judge-client: {', '.join(lacking)} is missing; install judge-client[{extra}]\n")
    return bool(lacking)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="judge-client", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    _run(
        commands.add_parser(
            "run", help="take a model through a data set and score it; go on where it was cut"
        )
    )
    compare = commands.add_parser("compare", help="two runs over the same items: paired differences, flips")
    compare.add_argument("a", type=Path, metavar="DIR_A")
    compare.add_argument("b", type=Path, metavar="DIR_B")
    compare.add_argument("--json", type=Path, metavar="FILE", help="write everything as JSON as well")
    return parser


def _run(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "dataset",
        type=Path,
        nargs="+",
        metavar="DATASET",
        help=".json, .jsonl, .csv, .parquet, or a folder of them",
    )
    add("--images", type=Path, metavar="DIR", help="folder of the pictures (default: where the data set is)")
    add("--map", action="append", default=[], metavar="COLUMN=FIELD", help="a column's name in this data set")
    add("--limit", type=_positive, metavar="N", help="only the first N items of each kind")
    add(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the run; an old one is gone on with"
    )
    add(
        "--dry-run",
        action="store_true",
        help="show three prompts and what the run would take, and ask nothing",
    )
    add(
        "--again-unscored",
        action="store_true",
        help="put answers that the judge left unscored before it again",
    )
    add(
        "--give-up-after",
        type=_positive,
        default=25,
        metavar="N",
        help="so many failed calls in a row end the run",
    )
    add(
        "--in-flight",
        type=_positive,
        metavar="N",
        help="most calls under way at once, model and judge together",
    )
    _model(parser.add_argument_group("the model under test"))
    _judge(parser.add_argument_group("the judge"))


def _model(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--model", required=True, metavar="NAME", help="with litellm: as litellm names it, PROVIDER/NAME")
    add("--provider", choices=("openai", "litellm"), default="openai", help="who speaks to the model")
    add(
        "--model-url",
        metavar="URL",
        help="OpenAI-compatible, up to and with /v1; with litellm: only for a server of your own",
    )
    add("--model-key-env", metavar="VARIABLE", help="environment variable that holds the key")
    add("--model-concurrency", type=_positive, default=32, metavar="N")
    add("--model-timeout", type=_amount, default=600.0, metavar="S", help="for a call with all its tries")
    add("--body", action="append", default=[], metavar="FIELD=JSON", help="further field of each request")
    add("--price-in", type=_amount, metavar="USD", help="for a million tokens read")
    add("--price-out", type=_amount, metavar="USD", help="for a million tokens written")


def _judge(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--judge-url", required=True, metavar="URL", help="address of the Judge Service")
    add("--rubric", default="med-cmr", metavar="ID")
    add("--judge", metavar="NAME", help="a judge of the service (default: its default)")
    add("--mode", choices=("text", "image"), help="whether the judge sees the picture")
    add("--judge-key-env", metavar="VARIABLE", help="environment variable that holds the key of a gateway")
    add("--tenant", metavar="NAME")
    add("--judge-concurrency", type=_positive, default=32, metavar="N")
    add("--judge-timeout", type=_amount, default=180.0, metavar="S", help="for a call with all its tries")
    add("--judge-price-in", type=_amount, metavar="USD", help="for a million tokens, for the dry run only")
    add("--judge-price-out", type=_amount, metavar="USD", help="for a million tokens, for the dry run only")


def _positive(word: str) -> int:
    value = int(word)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value


def _amount(word: str) -> float:
    value = float(word)
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"{word} is no amount: it takes a number from 0 on")
    return value


if __name__ == "__main__":
    sys.exit(main())
