"""How what an office sends becomes the election's next revision.

What a draft names by an id is kept and updated, what has no id is added under one that was never
used before, and what is left out is removed.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from civic.contracts.identifiers import ElectionId
from civic.voting.errors import BadDefinition
from civic.voting.model.draft import (
    DraftContest,
    DraftElection,
    DraftOption,
    DraftStyle,
    DraftStyleContest,
    NewCandidate,
    NewWindow,
)
from civic.voting.model.election import (
    BallotStyle,
    Contest,
    Election,
    Option,
    State,
    StyleContest,
    last_day,
)


class _Ids:
    """Issues ids that this election has never used before."""

    def __init__(self, issued: int) -> None:
        self.issued = issued

    def next(self, letter: str) -> str:
        self.issued += 1
        return f"{letter}{self.issued}"


def begin(election: ElectionId, draft: DraftElection) -> Election:
    """Return the first revision of an election.

    Raises:
        BadDefinition: As `merge` does.
    """
    empty = Election(
        id=election,
        revision=1,
        state=State.DRAFT,
        title=draft.title,
        time_zone=draft.time_zone,
        **window_of(draft, zone_of(draft.time_zone)),
    )
    return merge(empty, draft)


def with_candidate(election: Election, candidate: NewCandidate) -> tuple[Election, Option]:
    """Return the election with one more option, and that option.

    If there already is an option that says exactly the same, no second one is added.

    Raises:
        BadDefinition: There is no such contest or ballot style, or the style lists no options.
    """
    contest = election.contest(candidate.contest)
    if contest is None:
        raise BadDefinition(("unknown_contest", "/contest"))
    for option in contest.options:
        said = (option.text, option.description, option.image)
        if said == (candidate.text, candidate.description, candidate.image):
            return election, option
    ids = _Ids(election.issued_ids)
    last = max((option.order for option in contest.options), default=-1)
    added = Option(
        id=ids.next("o"),
        text=candidate.text,
        description=candidate.description,
        image=candidate.image,
        order=last + 1 if candidate.order is None else candidate.order,
    )
    longer = contest.model_copy(update={"options": (*contest.options, added)})
    contests = tuple(longer if one is contest else one for one in election.contests)
    changes = {
        "contests": contests,
        "styles": _with_option(election, candidate, added),
        "issued_ids": ids.issued,
    }
    return election.model_copy(update=changes), added


def _with_option(
    election: Election, candidate: NewCandidate, option: Option
) -> tuple[BallotStyle, ...]:
    styles = {style.id: style for style in election.styles}
    for place, name in enumerate(candidate.styles):
        style = styles.get(name)
        shown = (
            next((one for one in style.contests if one.contest == candidate.contest), None)
            if style
            else None
        )
        if style is None or shown is None or shown.options is None:
            raise BadDefinition(("no_options_named", f"/styles/{place}"))
        wider = shown.model_copy(update={"options": (*shown.options, option.id)})
        contests = tuple(wider if one is shown else one for one in style.contests)
        styles[name] = style.model_copy(update={"contests": contests})
    return tuple(styles.values())


def merge(election: Election, draft: DraftElection) -> Election:
    """Return the election with the draft's content; its id, revision and state are unchanged.

    Raises:
        BadDefinition: The draft names an id or a contest that does not exist, or a time that does
            not occur exactly once in its time zone. Whether the result is a valid election is
            checked by `civic.voting.model.rules`.
    """
    zone = zone_of(draft.time_zone)
    _refuse([*_unknown_ids(election, draft)])
    ids = _Ids(election.issued_ids)
    contests = tuple(_contest(one, place, ids) for place, one in enumerate(draft.contests))
    return election.model_copy(
        update={
            "title": draft.title,
            "time_zone": draft.time_zone,
            **window_of(draft, zone),
            "contests": contests,
            "styles": _styles(draft.styles, contests),
            "openings": draft.openings,
            "issued_ids": ids.issued,
        }
    )


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        BadDefinition: There is no time zone of that name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # The cause is not shown: the name may be a path.
        raise BadDefinition(("unknown_time_zone", "/time_zone")) from None


def window_of(draft: DraftElection | NewWindow, zone: ZoneInfo) -> dict[str, Any]:
    """Return the times of an election, by their names in it: in UTC, and its day in its time zone.

    Raises:
        BadDefinition: A time is given without an offset, when the clocks change.
    """
    given = {
        "opens_at": draft.opens_at,
        "closes_at": draft.closes_at,
        "roll_closes_at": draft.roll_closes_at,
    }
    unclear = [
        ("ambiguous_time", f"/{name}")
        for name, moment in given.items()
        if moment is not None and moment.tzinfo is None and _changes_clocks(moment, zone)
    ]
    _refuse(unclear)
    closes_at = _in_utc(draft.closes_at, zone)
    return {
        "opens_at": _in_utc(draft.opens_at, zone),
        "closes_at": closes_at,
        "day": draft.day or last_day(closes_at, zone),
        "roll_closes_at": draft.roll_closes_at and _in_utc(draft.roll_closes_at, zone),
    }


def _in_utc(moment: datetime, zone: ZoneInfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _changes_clocks(moment: datetime, zone: ZoneInfo) -> bool:
    """Return whether a local time occurs twice or not at all (PEP 495)."""
    first, second = (moment.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return first != second


def _refuse(faults: list[tuple[str, str]]) -> None:
    if faults:
        raise BadDefinition(*faults)


def _unknown_ids(election: Election, draft: DraftElection) -> Iterable[tuple[str, str]]:
    known = {contest.id: {one.id for one in contest.options} for contest in election.contests}
    seen: set[str] = set()
    for c, contest in enumerate(draft.contests):
        options = known.get(contest.id, set()) if contest.id else set()
        given = [(contest.id, contest.id in known, f"/contests/{c}/id")]
        given += [
            (one.id, one.id in options, f"/contests/{c}/options/{o}/id")
            for o, one in enumerate(contest.options)
        ]
        for id_, is_known, pointer in given:
            if id_ is None:
                continue
            if not is_known:
                yield "unknown_id", pointer
            elif id_ in seen:
                yield "id_given_twice", pointer
            seen.add(id_)


def _contest(draft: DraftContest, place: int, ids: _Ids) -> Contest:
    contest = draft.id or ids.next("c")
    return Contest(
        id=contest,
        title=draft.title,
        min=draft.min,
        max=draft.max,
        order=place if draft.order is None else draft.order,
        write_ins=draft.write_ins,
        options=tuple(_option(one, at, ids) for at, one in enumerate(draft.options)),
    )


def _option(draft: DraftOption, place: int, ids: _Ids) -> Option:
    return Option(
        id=draft.id or ids.next("o"),
        text=draft.text,
        description=draft.description,
        image=draft.image,
        order=place if draft.order is None else draft.order,
    )


def _styles(
    drafts: tuple[DraftStyle, ...], contests: tuple[Contest, ...]
) -> tuple[BallotStyle, ...]:
    """Return the ballot styles, with ids in place of titles and texts."""
    faults: list[tuple[str, str]] = []
    styles = []
    for s, draft in enumerate(drafts):
        pointer = f"/styles/{s}"
        if draft.contests is None:
            shown = tuple(StyleContest(contest=one.id) for one in contests)
            if not shown:
                faults.append(("no_contest", pointer))
                continue
        else:
            shown = tuple(
                found
                for c, one in enumerate(draft.contests)
                if (found := _shown(one, contests, f"{pointer}/contests/{c}", faults))
            )
            if len(shown) < len(draft.contests):
                continue
        styles.append(BallotStyle(id=draft.id, name=draft.name, areas=draft.areas, contests=shown))
    _refuse(faults)
    return tuple(styles)


def _shown(
    draft: DraftStyleContest,
    contests: tuple[Contest, ...],
    pointer: str,
    faults: list[tuple[str, str]],
) -> StyleContest | None:
    contest = next((one for one in contests if draft.contest in {one.id, one.title}), None)
    if contest is None:
        faults.append(("unknown_contest", f"{pointer}/contest"))
        return None
    if draft.options is None:
        return StyleContest(contest=contest.id)
    by_name = {one.text: one.id for one in contest.options}
    by_name |= {one.id: one.id for one in contest.options}
    unknown = [
        ("unknown_option", f"{pointer}/options/{o}")
        for o, name in enumerate(draft.options)
        if name not in by_name
    ]
    if unknown:
        faults.extend(unknown)
        return None
    return StyleContest(contest=contest.id, options=tuple(by_name[name] for name in draft.options))
