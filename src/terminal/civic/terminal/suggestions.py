"""The commands that somebody may have meant by one that does not exist."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches


def near(typed: str, known: Sequence[str], renamed: Mapping[str, str]) -> list[str]:
    """Return the commands nearest to what was typed, the likeliest first.

    Args:
        typed: The word that was typed.
        known: Every command: one word, or several if it is in a group.
        renamed: The current name of each command that was renamed, by its old name.
    """
    if typed in renamed:
        return [renamed[typed]]
    ends: dict[str, list[str]] = {}
    for words in known:
        ends.setdefault(words.rpartition(" ")[2], []).append(words)
    if typed in ends:
        return ends[typed]
    return [words for end in get_close_matches(typed, ends) for words in ends[end]]
