"""Posted codes: what a voter without a device of their own types in from a letter.

A code such as ``163uc-3NQXD-Wgfgg`` is fifteen characters of an alphabet without look-alikes. The
first fourteen are drawn at random, 82 bits; the last one is a check character: with it, the
weighted sum of all characters is zero modulo 59. As 59 is prime and no two weights are equal, one
wrong character, or two that are swapped, never leave a sum of zero.
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import Final, NewType

from civic.voting.errors import CodeMistyped

PostedCode = NewType("PostedCode", str)
"""Three groups of five characters joined by hyphens. A secret, until it is used."""

ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""Base58: digits and letters of both cases without 0, O, I and l."""

HASH_BYTES: Final = 32

_DRAWN = 14
_GROUP = 5
_LONGEST_TEXT = 64
_MODULUS = 59
_WEIGHTS = range(1, _DRAWN + 2)
_DOMAIN = b"civic/posted-code/1\n"
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
# What keyboards and word processors make of a hyphen.
_HYPHENS = "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2212"
_REMOVED = dict.fromkeys(map(ord, _HYPHENS))
# A byte from here up would make the first characters of the alphabet likelier.
_UNBIASED = 256 - 256 % len(ALPHABET)


def new_code(entropy: Callable[[int], bytes]) -> PostedCode:
    """Return a code that nobody can guess.

    Args:
        entropy: Returns as many random bytes as it is asked for.
    """
    while True:
        drawn = _drawn(entropy)
        check = _check(drawn)
        # No character has the value 58, so one draw in 59 is repeated, which costs 0.02 bits.
        if check < len(ALPHABET):
            return _written([*drawn, check])


def parse(text: str) -> PostedCode:
    """Return the code that somebody typed, with or without its hyphens, with spaces anywhere.

    Raises:
        CodeMistyped: It is not a code; the message says neither what was typed nor what is wrong.
    """
    if len(text) > _LONGEST_TEXT:
        raise CodeMistyped
    characters = "".join(text.split()).translate(_REMOVED)
    if len(characters) != len(_WEIGHTS):
        raise CodeMistyped
    try:
        values = [_VALUES[one] for one in characters]
    except KeyError:
        raise CodeMistyped from None
    if _sum(values):
        raise CodeMistyped
    return _written(values)


def hash_of(code: PostedCode, key: bytes) -> bytes:
    """Return the 32 bytes by which the voting domain knows a code: HMAC-SHA256 (RFC 2104).

    Args:
        code: As `new_code` or `parse` returned it.
        key: The codes key of the election; the same code has a different hash in another election.
    """
    return hmac.digest(key, _DOMAIN + code.encode("ascii"), hashlib.sha256)


def _drawn(entropy: Callable[[int], bytes]) -> list[int]:
    values: list[int] = []
    while len(values) < _DRAWN:
        values += [byte % len(ALPHABET) for byte in entropy(_DRAWN) if byte < _UNBIASED]
    return values[:_DRAWN]


def _check(drawn: list[int]) -> int:
    """Return the value, from 0 to 58, that makes the weighted sum of all characters zero."""
    return -_sum(drawn) * pow(_WEIGHTS[-1], -1, _MODULUS) % _MODULUS


def _sum(values: list[int]) -> int:
    return sum(weight * value for weight, value in zip(_WEIGHTS, values, strict=False)) % _MODULUS


def _written(values: list[int]) -> PostedCode:
    characters = "".join(ALPHABET[value] for value in values)
    groups = (characters[start : start + _GROUP] for start in range(0, len(values), _GROUP))
    return PostedCode("-".join(groups))
