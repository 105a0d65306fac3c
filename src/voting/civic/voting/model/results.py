"""Results as they are published: per ballot style and in total, as JSON and CSV.

A percentage is of the selections in its contest and 0 where there are none. Until an election is
certified every number is an estimate: ballots may still be on their way.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from civic.voting.model.election import BallotStyle, Election, Option, State, in_order
from civic.voting.model.tally import WRITE_INS, Counts

ESTIMATE = "Estimate: the count goes on until the election is certified."
FINAL = "Certified result."

_FORMULAE = frozenset("=+-@\t\r\n")
"""The characters that start a formula in a spreadsheet, even in full width."""

type Document = dict[str, Any]


def snapshot(election: Election, counts: Counts, version: int, now: datetime) -> Document:
    """Return the results of an election as one JSON document."""
    state = election.state_at(now)
    styles = [_style(election, style, counts) for style in election.styles]
    return {
        "election": election.id,
        "title": election.title,
        "version": version,
        "state": state,
        "estimate": state is not State.CERTIFIED,
        "disclaimer": FINAL if state is State.CERTIFIED else ESTIMATE,
        "ballots": counts.ballots,
        "contests": _totals(election, styles),
        "styles": styles,
    }


def by_state(document: Document) -> list[Document]:
    """Return results per ballot style in the form of the older web site."""
    return [
        {
            "state": style["name"],
            "total_count": style["ballots"],
            "results": [
                {"candidate": row["text"], "count": row["count"], "percentage": row["percentage"]}
                for contest in style["contests"]
                for row in contest["options"]
            ],
            "disclaimer": document["disclaimer"],
        }
        for style in document["styles"]
    ]


def only(document: Document, area: str | None, option: str | None) -> Document:
    """Return a snapshot's part about one electoral area, one option, or both."""
    styles = [one for one in document["styles"] if area is None or area in one["areas"]]
    contests, ballots = document["contests"], document["ballots"]
    if area is not None:
        # The totals over all areas would mislead beside a single one.
        contests = _sum(contests, styles)
        ballots = sum(one["ballots"] for one in styles)
    if option is not None:
        styles = [one | {"contests": _with(one["contests"], option)} for one in styles]
        contests = _with(contests, option)
    return document | {"ballots": ballots, "styles": styles, "contests": contests}


def as_csv(document: Document) -> str:
    """Return results as CSV (RFC 4180), one line per style, contest and option."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("style", "name", "contest", "option", "text", "count", "percentage"))
    for style in document["styles"]:
        for contest in style["contests"]:
            for row in contest["options"]:
                writer.writerow(
                    _harmless(
                        style["id"],
                        style["name"],
                        contest["id"],
                        row["id"],
                        row["text"],
                        row["count"],
                        row["percentage"],
                    )
                )
    return text.getvalue()


def _harmless(*cells: object) -> Iterator[object]:
    """Keep spreadsheets from taking an office's text for a formula."""
    for cell in cells:
        text = isinstance(cell, str) and unicodedata.normalize("NFKC", cell)
        yield f"'{cell}" if text and text[0] in _FORMULAE else cell


def _style(election: Election, style: BallotStyle, counts: Counts) -> Document:
    contests = []
    for contest_id, options in election.offered(style).items():
        contest = election.contest(contest_id)
        if contest is not None:
            found = [(one, counts.of(style.id, contest_id, one.id)) for one in options]
            if contest.write_ins:
                written = Option.model_construct(id=WRITE_INS, text="Write-ins")
                found.append((written, counts.of(style.id, contest_id, WRITE_INS)))
            rows = [{"id": one.id, "text": one.text, "count": count} for one, count in found]
            contests.append({"id": contest_id, "title": contest.title, "options": _shares(rows)})
    return {
        "id": style.id,
        "name": style.name,
        "areas": list(style.areas),
        "ballots": counts.ballots_of(style.id),
        "contests": contests,
    }


def _totals(election: Election, styles: Iterable[Document]) -> list[Document]:
    every = [
        {
            "id": contest.id,
            "title": contest.title,
            "options": [
                {"id": option.id, "text": option.text} for option in in_order(contest.options)
            ]
            + ([{"id": WRITE_INS, "text": "Write-ins"}] if contest.write_ins else []),
        }
        for contest in in_order(election.contests)
    ]
    return _sum(every, styles)


def _sum(contests: Iterable[Document], styles: Iterable[Document]) -> list[Document]:
    sums: dict[tuple[str, str], int] = {}
    for style in styles:
        for contest in style["contests"]:
            for row in contest["options"]:
                place = contest["id"], row["id"]
                sums[place] = sums.get(place, 0) + row["count"]
    return [
        {
            "id": contest["id"],
            "title": contest["title"],
            "options": _shares(
                [
                    {
                        "id": row["id"],
                        "text": row["text"],
                        "count": sums.get((contest["id"], row["id"]), 0),
                    }
                    for row in contest["options"]
                ]
            ),
        }
        for contest in contests
    ]


def _with(contests: Iterable[Document], option: str) -> list[Document]:
    """Return contests with only one option each, its percentage still that of the whole."""
    kept = [
        contest | {"options": [row for row in contest["options"] if row["id"] == option]}
        for contest in contests
    ]
    return [contest for contest in kept if contest["options"]]


def _shares(rows: list[Document]) -> list[Document]:
    total = sum(row["count"] for row in rows)
    return [
        row | {"percentage": round(100 * row["count"] / total, 2) if total else 0.0} for row in rows
    ]
