"""The certified count: every cell that a ballot could have added to, even those with no vote."""

from civic.contracts.voting import StyleTally
from civic.voting.model.election import BallotStyle, Election
from civic.voting.model.tally import WRITE_INS, Counts

_MOST_DIGITS = 10
"""How many digits a count may have; there are fewer people than that allows."""


def tally_of(election: Election, counts: Counts) -> tuple[StyleTally, ...]:
    """Return the counts of every ballot style, contests and options as the ballot shows them."""
    return tuple(_style(election, style, counts) for style in election.styles)


def most_bytes(election: Election) -> list[int]:
    """Return how long the certified tally of each ballot style may become, as JSON."""
    return [
        len(one.model_dump_json())
        + 1
        + (1 + sum(map(len, one.contests.values()))) * (_MOST_DIGITS - 1)
        for one in tally_of(election, Counts())
    ]


def _style(election: Election, style: BallotStyle, counts: Counts) -> StyleTally:
    contests: dict[str, dict[str, int]] = {}
    for name, options in election.offered(style).items():
        contest = election.contest(name)
        rows = [option.id for option in options]
        if contest is not None and contest.write_ins:
            rows.append(WRITE_INS)
        contests[name] = {row: counts.of(style.id, name, row) for row in rows}
    return StyleTally(style=style.id, ballots=counts.ballots_of(style.id), contests=contests)
