"""Every command that the code names, in errors or comments, exists (documents: elsewhere)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.core import TyperGroup

from civic.stack.workspace import here
from tests.unit.operator.command_tree import command_of

ROOT = here().root
CODE = [
    *(one for kind in ("py", "json", "html") for one in ROOT.glob(f"src/**/*.{kind}")),
    *ROOT.glob("tools/*"),
    ROOT / "Makefile",
    *ROOT.glob("requirements/*.in"),
    ROOT / "template.yaml",
    *ROOT.glob("stacks/*.yaml"),
]

# A word of a command, or an argument; `…`, a closing quote or a comment ends it.
_CALL = re.compile(
    r"(?:`|\$\(|\$\(BIN\)/|\.venv/bin/|^)(civic(?:-monitor)?)((?: [^\s`'\"(){}\[\]…#;:,|]+)+)",
    re.MULTILINE,
)
GLOBAL = ("--stack", "--region", "--profile")
_SPACES = re.compile(r"[ \t]+")


class Named(NamedTuple):
    """A command as written somewhere."""

    file: str
    program: str
    words: tuple[str, ...]


def named(files: list[Path]) -> Iterator[Named]:
    for file in files:
        if file.is_file():
            text = _SPACES.sub(" ", file.read_text(encoding="utf-8"))
            for program, words in _CALL.findall(text):
                yield Named(str(file.relative_to(ROOT)), program, tuple(words.split()))


def wrong(one: Named) -> str | None:
    """Return what is wrong with a written command."""
    told = list(one.words)
    while told and told[0] in GLOBAL:
        del told[:2]
    command, rest = command_of(one.program, [word for word in told if not word.startswith("-")])
    if isinstance(command, TyperGroup) and rest and not rest[0].isupper():
        return f"there is no {rest[0]!r}"
    known = {option for part in command.params for option in [*part.opts, *part.secondary_opts]}
    options = {word.partition("=")[0] for word in told if word.startswith("-")}
    unknown = options - known - {"--help", "--"}
    return f"there is no {sorted(unknown)}" if unknown else None


def test_every_command_that_is_named_is_there() -> None:
    found = list(named(CODE))
    assert len(found) > 30
    assert {one: wrong(one) for one in found if wrong(one)} == {}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("`civic contest`", "there is no 'contest'"),
        ("civic rights lift-up ID", "there is no 'lift-up'"),
        ("`civic erase ID --now`", "there is no ['--now']"),
        ("`civic-monitor follow`", "there is no 'follow'"),
        ("`civic erase ID --yes`", None),
        ("`.venv/bin/civic dlq redrive Ballot --order`", None),
    ],
)
def test_wrong_command_would_be_noticed(tmp_path: Path, text: str, fault: str | None) -> None:
    (program, words) = _CALL.findall(text)[0]
    assert wrong(Named(str(tmp_path), program, tuple(words.split()))) == fault
