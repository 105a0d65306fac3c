"""What makes a definition an election: all faults at once, each a code and a JSON Pointer."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from civic.voting.errors import BadDefinition
from civic.voting.model.certification import most_bytes
from civic.voting.model.election import BallotStyle, Contest, Election, State

MAX_DOCUMENT_BYTES = 300 * 1024
"""The maximum size of an election as JSON."""

MAX_ENTRY_BYTES = 60 * 1024
"""The maximum size of what must fit into an entry of the public log, whose length is given in two
bytes: all areas that the publication names, and the certified tally of one ballot style, each as
JSON.
"""

MAX_TALLY_BYTES = 240 * 1024
"""The maximum size of the certified tally as JSON: EventBridge and queues take 256 KB per event."""

MAX_ITEM_BYTES = 390 * 1024
"""The maximum size of an election and its announcement as JSON; a DynamoDB item holds 400 KB."""

_JSON_PER_STYLE, _JSON_PER_AREA = 25, 3

_CHOICES = 2

type Fault = tuple[str, str]
type Pointer = Callable[[int], str]


def check(election: Election, now: datetime) -> None:
    """Check that an election may be stored as it is; an announced one must also be complete.

    Raises:
        BadDefinition: It may not be stored.
    """
    faults = [*_window(election, now), *_contests(election), *_styles(election)]
    if election.state is not State.DRAFT:
        faults += _missing(election)
    faults += _sizes(election)
    if faults:
        raise BadDefinition(*faults)


def check_promises(before: Election, after: Election, now: datetime) -> None:
    """Check that the voters of an announced election keep their ballot styles, and a closed roll.

    They may hold credentials by now, which are signed for one ballot style each. Once the roll has
    closed it stays so, and it closes at a time that whoever wants to register can still meet.

    Raises:
        BadDefinition: A style is gone, or no longer has all of its areas; or the roll is not to
            close when it has, or is to have closed by now.
    """
    places = {style.id: place for place, style in enumerate(after.styles)}
    faults = [*_roll_reopened(before.roll_closes_at, after.roll_closes_at, now)]
    for style in before.styles:
        place = places.get(style.id)
        if place is None:
            faults.append(("style_announced", "/styles"))
        elif not set(style.areas) <= set(after.styles[place].areas):
            faults.append(("area_announced", f"/styles/{place}/areas"))
    if faults:
        raise BadDefinition(*faults)


def _roll_reopened(
    before: datetime | None, after: datetime | None, now: datetime
) -> Iterator[Fault]:
    if after == before:
        return
    if before is not None and before <= now:
        yield "roll_closed", "/roll_closes_at"
    elif after is not None and after <= now:
        yield "not_in_future", "/roll_closes_at"


def _sizes(election: Election) -> Iterator[Fault]:
    """Check that election and event will fit an item, and the event the bus, until certified."""
    document = len(election.model_dump_json().encode())
    if document > MAX_DOCUMENT_BYTES:
        yield "too_large", ""
    if sum(map(_areas_bytes, election.styles)) > MAX_ENTRY_BYTES:
        yield "too_many_areas", "/styles"
    tallies = most_bytes(election)
    together = min(document, MAX_DOCUMENT_BYTES) + sum(tallies)
    if (
        max(tallies, default=0) > MAX_ENTRY_BYTES
        or sum(tallies) > MAX_TALLY_BYTES
        or together > MAX_ITEM_BYTES
    ):
        yield "too_many_counts", "/styles"


def _window(election: Election, now: datetime) -> Iterator[Fault]:
    if election.opens_at <= now:
        yield "not_in_future", "/opens_at"
    if election.closes_at <= election.opens_at:
        yield "not_after_opening", "/closes_at"
    if election.election_day < election.opens_at.astimezone(ZoneInfo(election.time_zone)).date():
        yield "before_opening", "/day"
    if election.roll_closes_at is not None and election.roll_closes_at >= election.closes_at:
        yield "not_before_closing", "/roll_closes_at"


def _contests(election: Election) -> Iterator[Fault]:
    titles = [contest.title for contest in election.contests]
    yield from _repeated(titles, lambda c: f"/contests/{c}/title")
    for c, contest in enumerate(election.contests):
        pointer = f"/contests/{c}"
        if contest.min > contest.max:
            yield "min_over_max", f"{pointer}/min"
        if contest.options and contest.max > len(contest.options) + contest.write_ins:
            yield "max_over_options", f"{pointer}/max"
        texts = [option.text.casefold() for option in contest.options]
        yield from _repeated(texts, partial("{0}/options/{1}/text".format, pointer))


def _styles(election: Election) -> Iterator[Fault]:
    yield from _repeated([style.id for style in election.styles], lambda s: f"/styles/{s}/id")
    seen: set[str] = set()
    for s, style in enumerate(election.styles):
        for a, area in enumerate(style.areas):
            if area in seen:
                yield "area_given_twice", f"/styles/{s}/areas/{a}"
            seen.add(area)
        yield from _ballot(election, style, f"/styles/{s}")


def _ballot(election: Election, style: BallotStyle, pointer: str) -> Iterator[Fault]:
    named = [one.contest for one in style.contests]
    yield from _repeated(named, lambda c: f"{pointer}/contests/{c}/contest")
    for c, one in enumerate(style.contests):
        at = f"{pointer}/contests/{c}"
        contest = election.contest(one.contest)
        if contest is None:
            yield "unknown_contest", f"{at}/contest"
        elif one.options is not None:
            yield from _named_options(contest, one.options, at)


def _named_options(contest: Contest, options: Sequence[str], pointer: str) -> Iterator[Fault]:
    known = {option.id for option in contest.options}
    for o, option in enumerate(options):
        if option not in known:
            yield "unknown_option", f"{pointer}/options/{o}"
    yield from _repeated(options, lambda o: f"{pointer}/options/{o}")
    if contest.min > len(options) + contest.write_ins:
        yield "min_over_options", f"{pointer}/options"


def _areas_bytes(style: BallotStyle) -> int:
    areas = sum(len(area) + _JSON_PER_AREA for area in style.areas)
    return len(style.id) + _JSON_PER_STYLE + areas


def _missing(election: Election) -> Iterator[Fault]:
    if not election.contests:
        yield "missing", "/contests"
    if not election.styles:
        yield "missing", "/styles"
    for c, contest in enumerate(election.contests):
        if len(contest.options) < _CHOICES and not contest.write_ins:
            yield "too_few_options", f"/contests/{c}/options"


def _repeated(values: Sequence[str], pointer: Pointer) -> Iterator[Fault]:
    seen: set[str] = set()
    for place, value in enumerate(values):
        if value in seen:
            yield "given_twice", pointer(place)
        seen.add(value)
