"""Which characters a text that people write may contain, wherever it is written.

Names are never judged by their form. What is refused is what hides or reorders what a person
reading the record would see, or shows as nothing: control characters, lone surrogates, private-use
characters and noncharacters, line separators, the bidirectional controls of Unicode UAX #9, the
default-ignorable code points of UAX #44, which include fillers and tag characters, and what is as
empty without being listed there.

Two kinds of default-ignorable code points have their place. Joiners (U+200C, U+200D) are needed by
names in Persian and in Indic scripts (UAX #31 section 2.3), and a variation selector by a letter
that has variants: ideographs (UTS #37), Mongolian and Myanmar letters.

Bidirectional controls and variation selectors come along when text is pasted, and so go from the
ends of a text, with spaces, and from everywhere in a number.
"""

import re

from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

# All of these are the inside of a character class, in Python's `re` and in ECMA-262 with its `u`
# flag: escapes for what is hard to see, and the characters themselves beyond U+FFFF.
_SPACES = r" \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_JOINERS = r"\u200c\u200d"
_BIDI_CONTROLS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_SELECTORS = r"\u180b-\u180d\u180f\ufe00-\ufe0f" "\U000e0100-\U000e01ef"
_VARIED = (
    r"\u1000-\u109f\u1820-\u1878\u1880-\u18aa\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f"
    r"\uf900-\ufaff"
    "\U00020000-\U0003fffd"
)
"""The blocks of letters that have variants."""
_UNSEEN = (
    # Default_Ignorable_Code_Point (DerivedCoreProperties.txt) without joiners and selectors.
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    # A blank of Braille, annotations, the place of an object, a note without a head.
    r"\u2800\ufff9-\ufffc"
    "\U0001d159"
    # Controls, line separators, private use, noncharacters.
    r"\u0000-\u001f\u007f-\u009f\u2028\u2029\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(1 << 16, 15 << 16, 1 << 16)
    )
    + "\U000f0000-\U0010ffff"
)

_STRAY_SELECTOR = rf"(?<![{_VARIED}])[{_SELECTORS}]"
_END = rf"(?:[{_SPACES}{_BIDI_CONTROLS}]|{_STRAY_SELECTOR})+"
# Compiled when first needed, which most texts never do: they are ASCII.
_ENDS = rf"^{_END}|{_END}$"
_MARKS = rf"[{_BIDI_CONTROLS}]|{_STRAY_SELECTOR}"
_REFUSED = rf"[{_UNSEEN}\ud800-\udfff]|{_STRAY_SELECTOR}"


def _pattern(dropped: str) -> str:
    varied = f"[{_VARIED}][{_SELECTORS}]"
    some = f"(?:[^{_UNSEEN}{_SELECTORS}]|{varied}{dropped})*"
    shown = f"(?:[^{_SPACES}{_JOINERS}{_UNSEEN}{_SELECTORS}]|{varied})"
    edge = f"[{_SPACES}{_BIDI_CONTROLS}{_SELECTORS}]*"
    return f"^{edge}{some}{shown}{some}{edge}$"


PLAIN_TEXT_PATTERN = _pattern("")
"""What ``plain_text`` lets through, for an API's description (ECMA-262 with its ``u`` flag).

Lone surrogates are not listed: text that contains one is not a string of JSON Schema.
"""
NUMBER_PATTERN = _pattern(f"|[{_BIDI_CONTROLS}{_SELECTORS}]")
"""What ``number`` lets through."""


def trimmed(text: str) -> str:
    """Return a text without the spaces and the pasted marks at its ends."""
    return text.strip(" ") if text.isascii() else re.sub(_ENDS, "", text)


def refused_character(text: str) -> str | None:
    """Return the first character that a text may not contain, as ``U+200B``, or None."""
    if text.isascii() and text.isprintable():
        return None
    found = re.search(_REFUSED, text)
    return f"U+{ord(found[0]):04X}" if found else None


def shows(text: str) -> bool:
    """Return whether there is anything to see in a text without refused characters."""
    return any(not one.isspace() and one not in "\u200c\u200d" for one in text)


def plain_text(value: str) -> str:
    """Return the value without what was pasted along, or refuse it.

    Raises:
        PydanticCustomError: ``blank``, or ``forbidden_character``, which names the character by its
            code point and nothing else of the text.
    """
    value = trimmed(value)
    if character := refused_character(value):
        code = "forbidden_character"
        raise PydanticCustomError(
            code,
            "contains {character}, which hides text, reorders it or shows as nothing",
            {"character": character},
        )
    if not shows(value):
        code = "blank"
        raise PydanticCustomError(code, "must not be blank")
    return value


def number(value: str) -> str:
    """Return a number without the marks that were pasted with it, or refuse it.

    Raises:
        PydanticCustomError: As of ``plain_text``.
    """
    return plain_text(value if value.isascii() else re.sub(_MARKS, "", value))


PLAIN_TEXT: JsonDict = {"pattern": PLAIN_TEXT_PATTERN}
"""What the schema of a field with ``plain_text`` as its validator has besides the type."""
NUMBER: JsonDict = {"pattern": NUMBER_PATTERN}
"""The same of one with ``number``."""
