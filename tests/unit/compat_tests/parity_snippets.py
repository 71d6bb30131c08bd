"""What docs/parity-ci.md tells people to copy."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

PAGE = Path(__file__).parents[3] / "docs" / "parity-ci.md"


def blocks(kind: str) -> list[str]:
    """The code blocks of a kind, as they stand."""
    fences = PAGE.read_text("utf-8").split("```")[1::2]  # what stands between two of them
    return [text for name, _, text in (one.partition("\n") for one in fences) if name == kind]


def github() -> dict[Any, Any]:
    return YAML(typ="safe").load(blocks("yaml")[0])


def gitlab() -> dict[Any, Any]:
    return YAML(typ="safe").load(blocks("yaml")[1])


def github_command() -> str:
    """The shell line that compares."""
    (step,) = (one for one in github()["jobs"]["parity"]["steps"] if "parity check" in str(one))
    return str(step["run"])


def gitlab_command() -> str:
    (line,) = (one for one in gitlab()["parity"]["script"] if "parity check" in one)
    return str(line)


def shell_commands() -> list[list[str]]:
    """The commands of the plain blocks, split into words."""
    lines = [line for block in blocks("") for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line) for line in lines]
