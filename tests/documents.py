"""What the documents name: links, headings, files, modules, tests and commands.

A document is Markdown as GitHub renders it. Names are searched for in code spans and in blocks of
shell lines; text with a placeholder (``tile/<L>``, ``…/consent``) names nothing.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_TOP = ("src", "tests", "docs", "stacks", "tools", "schemas", "events", "requirements", ".ci")
_OURS = re.compile(r"^[\w.*{},-]+(/[\w.*{},-]+)*/?(::\w+)?$")
_SUFFIXES = (".py", ".toml", ".yaml", ".html", ".vy")
_MODULE = re.compile(r"^civic(\.\w+)+$")


@dataclass(frozen=True)
class Document:
    """One Markdown file of the repository."""

    path: Path

    def __str__(self) -> str:
        """Return the path within the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        """The whole text."""
        return self.path.read_text("utf-8")

    @cached_property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    def links(self) -> list[str]:
        """Return the targets of links within the repository."""
        return [one for one in _LINK.findall(self.prose) if "://" not in one]

    def anchors(self) -> set[str]:
        """Return the fragments that lead to a heading."""
        return {_slug(heading) for heading in _HEADING.findall(self.prose)}

    def spans(self) -> list[str]:
        """Return the texts set in code, without those that hold a placeholder."""
        return [one for one in _SPAN.findall(self.prose) if "…" not in one and "<" not in one]

    def files(self) -> list[str]:
        """Return what is named as a file or folder of the repository, tests with ``::name``."""
        words = [word for span in self.spans() for word in span.split() if _OURS.match(word)]
        return [word for word in words if _is_file(word)]

    def modules(self) -> list[str]:
        """Return the Python modules (or names in them) that are given by their dotted path."""
        return [one for one in self.spans() if _MODULE.match(one)]

    def commands(self, program: str) -> Iterator[list[str]]:
        """Return the words after `program` wherever it is called, in code and in shell blocks."""
        blocks = [body for language, body in _FENCE.findall(self.text) if language in {"sh", ""}]
        lines = [line for body in blocks for line in body.replace("\\\n", " ").splitlines()]
        call = re.compile(rf"(?:^|[\s(/$]){re.escape(program)} (.+)$")
        for line in [*_SPAN.findall(self.prose), *lines]:
            found = call.search(line.partition(" #")[0].rstrip())
            if found:
                yield _words(found[1])


def documents() -> list[Document]:
    """Return every document that a person reads."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/*/README.md")]
    return [Document(path) for path in sorted(found)]


def _is_file(word: str) -> bool:
    top, _, rest = word.partition("/")
    if rest and top in _TOP:
        return True
    return word.partition("::")[0].endswith(_SUFFIXES)


def _slug(heading: str) -> str:
    kept = re.sub(r"[^\w\s-]", "", heading.replace("`", "").lower())
    return re.sub(r"\s", "-", kept.strip())


def _words(line: str) -> list[str]:
    """Return the words of a shell line up to the next command."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|;&()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        for word in lexer:
            if set(word) & set("|;&()"):
                break
            words.append(word)
    except ValueError:  # a quotation mark that the line does not close
        return line.split()
    return words
