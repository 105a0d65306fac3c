"""Ids of contests and options, over any history of changes."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from civic.contracts.identifiers import ElectionId
from civic.voting.model.draft import NewCandidate
from civic.voting.model.drafting import begin, merge, with_candidate
from civic.voting.model.election import Election
from tests.fakes.voting_elections import draft

ID = ElectionId("0123456789ab")


def texts(election: Election) -> dict[str, str]:
    """Return what each id stands for."""
    contests = {one.id: one.title for one in election.contests}
    options = {option.id: option.text for one in election.contests for option in one.options}
    return contests | options


class History:
    """An election and every id it has ever had."""

    def __init__(self) -> None:
        self.election = begin(ID, draft(contests=[], styles=[]))
        self.ever: set[str] = set()
        self.count = 0

    def fresh(self) -> str:
        self.count += 1
        return f"text {self.count}"

    def change(self, keep: list[bool], new: int) -> None:
        """Keep some entries, drop the rest, and add some."""
        before = texts(self.election)
        wanted = iter(keep * (1 + len(before) // max(1, len(keep))))
        contests: list[dict[str, Any]] = []
        kept = set()
        for contest in self.election.contests:
            if not next(wanted, True):
                continue
            options = [one for one in contest.options if next(wanted, True)]
            kept |= {contest.id, *(one.id for one in options)}
            added = [{"text": self.fresh()} for _ in range(new)]
            contests.append(
                {
                    "id": contest.id,
                    "title": contest.title,
                    "options": [{"id": one.id, "text": one.text} for one in options] + added,
                }
            )
        contests.append({"title": self.fresh(), "options": [{"text": self.fresh()}]})
        self.election = merge(self.election, draft(contests=contests, styles=[]))
        after = texts(self.election)
        assert {id_: before[id_] for id_ in kept} == {id_: after[id_] for id_ in kept}
        self.note(set(after) - kept)

    def register(self) -> None:
        contest = self.election.contests[0].id
        candidate = NewCandidate(contest=contest, text=self.fresh())
        self.election, option = with_candidate(self.election, candidate)
        self.note({option.id})

    def note(self, new: set[str]) -> None:
        assert not new & self.ever
        self.ever |= new


@given(
    st.lists(
        st.tuples(
            st.lists(st.booleans(), min_size=1, max_size=8),
            st.integers(0, 2),
            st.booleans(),
        ),
        max_size=6,
    )
)
def test_no_id_is_given_twice_and_what_is_kept_stays(
    changes: list[tuple[list[bool], int, bool]],
) -> None:
    history = History()
    for keep, new, candidate in changes:
        history.change(keep, new)
        if candidate:
            history.register()
    assert len({id_[1:] for id_ in history.ever}) == len(history.ever)
