"""The words of a text in ASCII, in one spelling each.

What people write is compared without case, accents, script and order. Scripts are transliterated
by anyascii, which knows no language: Japanese and Chinese characters are read as Mandarin, and of
Arabic and Hebrew only the consonants are left, so names in these scripts seldom meet their Latin
form.
"""

import re
import unicodedata

from anyascii import anyascii

_WORD = re.compile(r"[a-z0-9]+")
_APOSTROPHES = re.compile("['`]")
_SPELLINGS = (("y", "i"), ("ae", "a"), ("oe", "o"), ("ue", "u"), ("ou", "u"), ("oi", "u"))
"""One spelling of umlauts (Mueller, Müller), of Greek omicron upsilon, and of a Slavic short i."""
_INITIAL = 1
_LEAST_WORDS = 2
PARTICLES = frozenset(
    {"al", "bin", "bint", "da", "das", "de", "del", "dela", "den", "der", "des", "di", "do"}
    | {"dos", "du", "el", "ibn", "la", "las", "le", "los", "van", "von", "zu", "zum", "zur"}
)
"""Words inside a name that are often left out."""
_REPEATED = re.compile(r"([a-z])\1+")


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in their order, each in one spelling.

    A text that has nothing in ASCII, such as a symbol, is one word, spelt as it is.
    """
    plain = unicodedata.normalize("NFKC", text)
    latin = _APOSTROPHES.sub("", anyascii(plain)).lower()
    found = tuple(map(one_spelling, _WORD.findall(latin)))
    return found or (plain.casefold(),)


def one_spelling(word: str) -> str:
    """Return a word of lower-case ASCII in the spelling in which words are compared."""
    for written, spelt in _SPELLINGS:
        word = word.replace(written, spelt)
    # Of letters, and not of digits: 11 is not 1.
    return _REPEATED.sub(r"\1", word)


def name_words(name: str) -> frozenset[str]:
    """Return the words of a person's name, without initials and particles if two others are left.

    They are left out as often as they are written: J. R. von der Heide, Jane Heide.
    """
    found = frozenset(words(name))
    telling = {word for word in found - PARTICLES if len(word) > _INITIAL}
    return frozenset(telling) if len(telling) >= _LEAST_WORDS else found
