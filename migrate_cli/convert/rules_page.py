"""The page docs/convert-rules.md, made of the rules themselves.

python -m migrate_cli.convert.rules_page > docs/convert-rules.md
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator

from migrate_cli.convert.registry import Phase, Rule, all_rules

_KINDS = {".py": "python", ".toml": "toml", ".js": "js", ".yml": "yaml", ".cfg": "ini"}
_PHASES = {
    Phase.CUTOVER: "Rules of `wsmigrate convert`",
    Phase.FINISH: "Rules of `wsmigrate convert --finish`",
}


def page() -> str:
    """The whole page."""
    return "\n".join([*_head(), *(line for phase in Phase for line in _phase(phase))]) + "\n"


def _head() -> Iterator[str]:
    yield "# What does each rule of `wsmigrate convert` do?"
    yield ""
    yield "This page is made of the rules, and a test keeps it so. Each example is the rule alone,"
    yield "on a small project whose other files are left out. [How to use the command](convert.md)"
    yield "says what safe and unsafe mean."


def _phase(phase: Phase) -> Iterator[str]:
    yield ""
    yield f"## {_PHASES[phase]}"
    for rule in sorted(all_rules(), key=lambda one: one.name):
        if rule.phase is phase:
            yield from _rule(rule)


def _rule(rule: Rule) -> Iterator[str]:
    yield ""
    yield f"### `{rule.name}`"
    yield ""
    described = inspect.getdoc(rule.examine) or ""
    yield f"**{rule.title}.** {' '.join(described.split())}"
    yield ""
    yield f"Follows: {rule.follows}."
    example = rule.example
    first = next(iter(example.before))
    yield ""
    yield f"Before, `{first}`:"
    yield from _code(first, example.before[first])
    if not example.after:
        yield ""
        yield "After: the same. It is listed."
        return
    yield ""
    yield "After" + (" (with `--unsafe`)" if example.unsafe else "") + ":"
    for path, text in example.after.items():
        if path != first:
            yield ""
            yield f"`{path}`"
        if text:
            yield from _code(path, text)
        else:
            yield ""
            yield "The file is gone."


def _code(path: str, text: str) -> Iterator[str]:
    suffix = path[path.rfind(".") :] if "." in path else ""
    yield ""
    yield f"```{_KINDS.get(suffix, 'text')}"
    yield from text.rstrip("\n").split("\n")
    yield "```"


if __name__ == "__main__":
    sys.stdout.write(page())
