"""Whom the ballot styles of an election reach, before it is announced.

Of the roll it reads which areas the accepted people have, and nothing else: no id, no digest.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from civic.client.api_client import Json
from civic.contracts.identifiers import ElectionId, StyleId
from civic.identity.adapters.issuer_roll_dynamodb import areas_in
from civic.identity.errors import NotEntitled
from civic.identity.model.credentials import (
    Entitlement,
    Window,
    divided_areas,
    right_by_area,
)
from civic.identity.model.subdivisions import exists, has_any
from civic.operator.areas import editor_of
from civic.stack.target import Target

_WINDOW = Window(ElectionId(""), datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
"""Which election it is, and when, does not matter for whom its styles reach."""

type People = Mapping[tuple[str, ...], int]
"""How many people have which areas, narrowest first."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What is wrong with the styles of an election."""

    voters: Mapping[str, int]
    """By style, how many people on the roll would get it."""
    unreached: Mapping[str, int]
    """By the narrowest area, how many people on the roll would get no style."""
    impossible: Sequence[tuple[str, str]]
    """Areas, each with its style, that no address can have."""
    unplaced: frozenset[str] = frozenset()
    """Countries by which alone people are known, though styles are for parts of one."""

    @property
    def faults(self) -> Iterator[str]:
        """What an office should know before it announces the election."""
        for style, area in self.impossible:
            yield (
                f"style {style}: no address can have the area {area}; it is neither an ISO 3166"
                " code nor in the table in use (civic areas show)"
            )
        for style, people in self.voters.items():
            if not people:
                yield f"style {style} reaches nobody on the roll"
        for area, people in self.unreached.items():
            yield f"{area}: {people} on the roll whom no style reaches"
            if area in self.unplaced:
                yield (
                    f"  of them only the country is known. A table that has {area} says where they"
                    f" vote: civic areas load FILE, then civic reconcile; whom it does not place,"
                    f" staff do (civic review list)"
                )


def reach_in(target: Target, election: Json) -> Reach:
    """Return whom the styles of an election reach in a system."""
    table = editor_of(target).in_use()
    return reach_of(election["styles"], roll_areas(target), table.areas if table else frozenset())


def roll_areas(target: Target) -> People:
    """Count the people on the roll by their areas; there are none without a credentials stack."""
    found: Counter[tuple[str, ...]] = Counter()
    roll = target.outputs.get("IssuerRollName")
    if roll is None:
        return found
    pages = target.dynamodb.get_paginator("scan").paginate(
        TableName=roll,
        FilterExpression="accepted = :yes",
        ExpressionAttributeValues={":yes": {"BOOL": True}},
        # `area` is that of rows of earlier releases.
        ProjectionExpression="areas, area",
        Select="SPECIFIC_ATTRIBUTES",
    )
    for page in pages:
        for item in page["Items"]:
            found[areas_in(item)] += 1
    return found


def reach_of(styles: Sequence[Json], people: People, own: frozenset[str]) -> Reach:
    """Return whom styles reach.

    Args:
        styles: Each with its ``id`` and its ``areas``.
        people: The people on the roll.
        own: The areas of the office's table in use.
    """
    by_area = {area: StyleId(style["id"]) for style in styles for area in style["areas"]}
    divided = divided_areas(by_area)
    voters = {style["id"]: 0 for style in styles}
    unreached: Counter[str] = Counter()
    for areas, count in people.items():
        style = _style_of(areas, by_area, divided)
        if style is None:
            unreached[areas[0]] += count
        else:
            voters[style] += count
    impossible = [(style, area) for area, style in by_area.items() if not _is_possible(area, own)]
    parts = any(not has_any(area) for area in by_area)
    unplaced = frozenset(area for area in unreached if parts and has_any(area))
    return Reach(voters, dict(sorted(unreached.items())), impossible, unplaced)


def _style_of(
    areas: Sequence[str], by_area: Mapping[str, StyleId], divided: set[str]
) -> str | None:
    """Return the style that the issuer would sign for; None if it would refuse."""
    found = (
        Entitlement(_WINDOW, by_area.get(area), area in divided)
        if area in by_area or area in divided
        else None
        for area in areas
    )
    right = right_by_area(areas, found)
    return None if right is None or isinstance(right.style, NotEntitled) else right.style


def _is_possible(area: str, own: frozenset[str]) -> bool:
    return area in own or exists(area) or has_any(area)
