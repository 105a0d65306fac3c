"""How words sound."""

import re

_NO_LETTERS = re.compile("[^a-z]")
_CODES = str.maketrans("abcdefghijklmnopqrstuvwxyz", "01230120022455012623010202")
_WITHOUT_H_AND_W = str.maketrans("", "", "hw")
_SAME_CODE = re.compile(r"(\d)\1+")
_SOUNDEX_LENGTH = 4


def sound(word: str) -> str:
    """Return how a word sounds: American Soundex, such as ``M460``; digits are left out.

    Letters of one code count once, also with an H or W between them, but not with a vowel between
    them (National Archives, "The Soundex Indexing System"). A word without ASCII letters, such as
    a number, sounds as it is written.
    """
    letters = _NO_LETTERS.sub("", word.lower())
    if not letters:
        return word
    first, rest = letters[0], letters[1:].translate(_WITHOUT_H_AND_W)
    # The first letter stands for itself, and for those of its code directly behind it.
    codes = _SAME_CODE.sub(r"\1", f"{first}{rest}".translate(_CODES))[1:]
    return f"{first.upper()}{codes.replace('0', '')}"[:_SOUNDEX_LENGTH].ljust(_SOUNDEX_LENGTH, "0")
