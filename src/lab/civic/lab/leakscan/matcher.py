"""Finds which of many markers a large byte string holds, in any of their forms.

Thousands of forms are searched for at once. Every form that is long enough covers at least one
whole machine word of the content wherever it begins: a form of 15 bytes covers an aligned word of
8. So the content is read word by word, and words that are in no form are skipped. That test is made
in C, for a megabyte at a time, at some hundred megabytes a second.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from civic.lab.leakscan.encodings import Forms, forms, views

_CHUNK_WORDS = 1 << 17
_FORMATS: dict[int, Literal["Q", "I"]] = {8: "Q", 4: "I"}


@dataclass(frozen=True, slots=True)
class _Needle:
    """A form of a marker, in lower case if ``folded``."""

    marker: str
    form: bytes
    folded: bool


class Matcher:
    """Finds markers; one is made for many contents."""

    def __init__(self, markers: Mapping[str, str]) -> None:
        """Search for the values of ``markers``, whose names are reported.

        Raises:
            ValueError: A marker is too short.
        """
        self._words = {width: _Words(width) for width in _FORMATS}
        for name, value in markers.items():
            for needle in _needles(name, forms(value)):
                width = 8 if len(needle.form) >= _least(8) else 4
                self._words[width].add(needle)

    def find(self, content: bytes) -> set[str]:
        """Return the names of the markers that the content holds."""
        return {name for view in views(content) for name in self._find_in(view)}

    def _find_in(self, content: bytes) -> Iterator[str]:
        folded = content.lower()
        for words in self._words.values():
            yield from words.find(content, folded)


def _needles(name: str, of: Forms) -> Iterator[_Needle]:
    yield from (_Needle(name, form, folded=True) for form in of.folded)
    yield from (_Needle(name, form, folded=False) for form in of.exact)


def _least(width: int) -> int:
    """Return how long a form must be to cover an aligned word wherever it begins."""
    return 2 * width - 1


class _Words:
    """Needles by the words of one width that they can cover, with the word's offset in them."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._format = _FORMATS[width]
        self._places: defaultdict[int, list[tuple[int, _Needle]]] = defaultdict(list)

    def add(self, needle: _Needle) -> None:
        # The content is read only in lower case; exact matches are compared afterwards.
        folded = needle.form.lower()
        for offset in range(self._width):
            (word,) = self._read(folded[offset : offset + self._width])
            self._places[word].append((offset, needle))

    def find(self, content: bytes, folded: bytes) -> Iterator[str]:
        words = self._read(folded[: len(folded) // self._width * self._width])
        step = _CHUNK_WORDS
        for first in range(0, len(words), step):
            chunk = words[first : first + step]
            if self._places.keys().isdisjoint(chunk):
                continue
            for number, word in enumerate(chunk, start=first):
                if word in self._places:
                    yield from self._compare(number * self._width, word, content, folded)

    def _compare(self, at: int, word: int, content: bytes, folded: bytes) -> Iterator[str]:
        for offset, needle in self._places[word]:
            begin = at - offset
            if begin >= 0 and (folded if needle.folded else content).startswith(needle.form, begin):
                yield needle.marker

    def _read(self, content: bytes) -> "memoryview[int]":
        return memoryview(content).cast(self._format)
