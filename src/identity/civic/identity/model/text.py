"""Which characters free text may contain.

Names are never judged by their form. Only what hides or reorders what a person reading the
record would see is refused: control characters, lone surrogates, private-use characters, line
separators and the bidirectional controls of Unicode UAX #9. Joiners (U+200C, U+200D) stay: names
in Persian and in Indic scripts need them.
"""

import unicodedata

from pydantic_core import PydanticCustomError

_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})
_BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_REFUSED_RANGES = (
    r"\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ue000-\uf8ff"
    "\U000f0000-\U000ffffd\U00100000-\U0010fffd"
)

PLAIN_TEXT_PATTERN = rf"^[^{_REFUSED_RANGES}]*[^\s{_REFUSED_RANGES}][^{_REFUSED_RANGES}]*$"
"""What ``plain_text`` lets through, for the API's description (ECMA-262 with its ``u`` flag).

Lone surrogates are not listed: text that contains one is not a string of JSON Schema.
"""


def plain_text(value: str) -> str:
    """Return the value unchanged, or refuse it.

    Raises:
        PydanticCustomError: ``forbidden_character`` or ``blank``; neither names the character.
    """
    if not value.strip():
        code = "blank"
        raise PydanticCustomError(code, "must not be blank")
    for character in value:
        if character in _BIDI_CONTROLS or unicodedata.category(character) in _REFUSED_CATEGORIES:
            code = "forbidden_character"
            raise PydanticCustomError(code, "contains a control or bidirectional character")
    return value
