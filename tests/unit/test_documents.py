"""Everything the documents name exists: links, files, modules, tests, commands and options."""

import ast
import re
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from civic.verifier.arguments import parser
from tests.documents import ROOT, Document, documents
from tests.unit.operator.command_tree import PROGRAMS

DOCUMENTS = pytest.mark.parametrize("document", documents(), ids=str)
# The changelog is about the past: what it names may have been renamed since.
PRESENT = pytest.mark.parametrize(
    "document", [one for one in documents() if str(one) != "CHANGELOG.md"], ids=str
)
_HOMES = ("src", "tests", "docs", "stacks", "tools")
_COMMAND = re.compile(r"^[a-z-]+$")
_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)


@DOCUMENTS
def test_links_lead_somewhere(document: Document) -> None:
    assert broken_links(document) == []


@PRESENT
def test_files_modules_and_tests_exist(document: Document) -> None:
    assert missing_files(document) + missing_modules(document) == []


@PRESENT
def test_commands_exist_and_know_their_options(document: Document) -> None:
    assert unknown_commands(document) == []


def test_each_kind_of_wrong_name_is_found(tmp_path: Path) -> None:
    """A planted document in which every name is wrong."""
    text = """\
# One heading
[gone](gone.md) [no part](#another-heading) [here](#one-heading)
`src/shared/gone.py`, `model/gone.py`, `tests/rights.py::gone`, `civic.identity.gone`,
`civic gone`, `civic keys gone`, `civic vote --gone`, `civic-verify gone`, `civic-monitor gone`,
`make gone`

```sh
civic-verify log FOLDER --gone   # civic gone, but in a comment
```
"""
    (tmp_path / "planted.md").write_text(text)
    planted = Document(tmp_path / "planted.md")
    assert broken_links(planted) == ["gone.md", "#another-heading"]
    assert missing_files(planted) == [
        "src/shared/gone.py",
        "model/gone.py",
        "tests/rights.py::gone",
    ]
    assert missing_modules(planted) == ["civic.identity.gone"]
    assert unknown_commands(planted) == [
        "civic gone",
        "civic keys gone",
        "civic vote --gone",
        "civic-monitor gone",
        "civic-verify gone",
        "civic-verify log --gone",
        "make gone",
    ]


def broken_links(document: Document) -> list[str]:
    return [link for link in document.links() if not _leads_somewhere(document, link)]


def _leads_somewhere(document: Document, link: str) -> bool:
    path, _, fragment = link.partition("#")
    target = (document.path.parent / path).resolve() if path else document.path
    if not target.exists():
        return False
    return not fragment or fragment in Document(target).anchors()


def missing_files(document: Document) -> list[str]:
    return [name for name in document.files() if not _is_there(name)]


def _is_there(name: str) -> bool:
    path, _, test = name.partition("::")
    # Documents about one context leave its root out: `model/sealing.py`.
    found = [*ROOT.glob(path.rstrip("/"))] or [one for one in _sources() if one.match(path)]
    return bool(found) and (not test or any(test in _functions(one) for one in found))


@cache
def _sources() -> list[Path]:
    return [one for home in _HOMES for one in (ROOT / home).rglob("*") if one.suffix != ".pyc"]


@cache
def _functions(module: Path) -> set[str]:
    tree = ast.parse(module.read_text("utf-8"))
    return {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.ClassDef)}


def missing_modules(document: Document) -> list[str]:
    return [name for name in document.modules() if find_spec(resolve_name(name, None)) is None]


def unknown_commands(document: Document) -> list[str]:
    return [
        *_wrong("civic", document, partial(_lacks, "civic")),
        *_wrong("civic-monitor", document, partial(_lacks, "civic-monitor")),
        *_wrong("civic-verify", document, _verifier_lacks),
        *_wrong("make", document, _make_lacks),
    ]


def _wrong(
    program: str, document: Document, lacks: Callable[[list[str]], str | None]
) -> Iterator[str]:
    for words in document.commands(program):
        lacking = lacks(words)
        if lacking:
            yield f"{program} {lacking}"


def _lacks(program: str, words: list[str]) -> str | None:
    """Return the command up to the first word that a program does not know, or None."""
    command = _program(program)
    options = _options(command)
    path: list[str] = []
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            if word not in options:
                return " ".join([*path, word])
            if options[word]:
                next(rest, None)
        elif hasattr(command, "list_commands") and _COMMAND.match(word):
            command = command.get_command(None, word)
            path.append(word)
            if command is None:
                return " ".join(path)
            options |= _options(command)
    return None


@cache
def _program(name: str) -> Any:
    return get_command(PROGRAMS[name])


def _options(command: Any) -> dict[str, bool]:
    """Return the names of a command's options, and whether a value follows them."""
    found = {"--help": False}
    for one in command.params:
        valued = not getattr(one, "is_flag", False)
        found |= dict.fromkeys((*one.opts, *one.secondary_opts), valued)
    return found


def _verifier_lacks(words: list[str]) -> str | None:
    choices = _subparsers(parser())
    name = words[0]
    if name not in choices:
        return name
    known = choices[name]._option_string_actions
    unknown = [one for one in words[1:] if one.startswith("--") and one not in known]
    return f"{name} {unknown[0]}" if unknown else None


def _subparsers(whole: ArgumentParser) -> dict[str, ArgumentParser]:
    (found,) = (one.choices for one in whole._actions if one.dest == "command")
    return dict(found or {})


def _make_lacks(words: list[str]) -> str | None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text("utf-8")))
    return None if words[0] in targets else words[0]
