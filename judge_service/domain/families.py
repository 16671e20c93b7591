"""Of which family a model is, by its name: a judge is kinder to its own family's answers."""

from __future__ import annotations

import re

# Word of a model's name → family. A word is a run of letters, so that `Qwen2.5` and `qwen-max` are one.
_WORDS: dict[str, str] = {
    **dict.fromkeys(("gpt", "chatgpt"), "gpt"),
    "claude": "claude",
    **dict.fromkeys(("gemini", "medlm"), "gemini"),
    **dict.fromkeys(("gemma", "medgemma", "paligemma", "codegemma"), "gemma"),
    **dict.fromkeys(("llama", "codellama", "vicuna", "meditron", "openbiollm"), "llama"),
    **dict.fromkeys(("qwen", "qwq", "qvq"), "qwen"),
    **dict.fromkeys(
        ("mistral", "mixtral", "ministral", "magistral", "codestral", "pixtral", "biomistral"), "mistral"
    ),
    "deepseek": "deepseek",
    "phi": "phi",
    "grok": "grok",
    **dict.fromkeys(("command", "aya"), "command"),
    "nova": "nova",
    **dict.fromkeys(("glm", "chatglm"), "glm"),
    **dict.fromkeys(("kimi", "moonshot"), "kimi"),
    **dict.fromkeys(("internlm", "internvl"), "intern"),
    "granite": "granite",
    "olmo": "olmo",
    "falcon": "falcon",
}
_LETTERS = re.compile(r"[a-z]+")
_O_SERIES = re.compile(r"(?:^|[/:._-])o[1-9](?=$|[:._@-])")  # o1, o3-mini: words of one letter


def families_of(model: str) -> frozenset[str]:
    """The families that a model's name names; a distilled one may be of two.

    A name in which no known family occurs is a family of its own: such a model is kin to itself.
    """
    name = model.casefold()
    found = {_WORDS[word] for word in _LETTERS.findall(name) if word in _WORDS}
    if _O_SERIES.search(name):
        found.add("gpt")
    return frozenset(found or {name.rpartition("/")[2]} - {""})
