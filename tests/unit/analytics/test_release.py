from collections.abc import Iterator
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from civic.analytics.aggregates import (
    SUMS,
    TABLES,
    THRESHOLD,
    Cell,
    Release,
    Tally,
    suppress_small_cells,
    tally,
)
from civic.analytics.joins import Counted
from civic.contracts.events import Cohort, Decision

DAY = date(2027, 1, 1)


def people(number: int, region: str, age_band: str, *reasons: str) -> Iterator[Counted]:
    decision = Decision.REJECTED if reasons else Decision.ACCEPTED
    cohort = Cohort(region=region, age_band=age_band)
    return (Counted(DAY, cohort, decision, reasons) for _ in range(number))


def published(release: Release) -> dict[Cell, int]:
    return dict(release.cells)


def test_tally_counts_every_table_and_every_reason() -> None:
    exact = tally(people(3, "DE-BE", "25-34", "phone_invalid", "email_invalid"))
    assert exact.people == 3
    assert exact.cells[Cell("decisions", ("rejected",))] == 3
    assert exact.cells[Cell("regions_by_age", ("DE-BE", "25-34", "rejected"))] == 3
    assert exact.cells[Cell("reasons", ("phone_invalid", "rejected"))] == 3
    assert exact.cells[Cell("reasons", ("email_invalid", "rejected"))] == 3
    assert (exact.first_day, exact.last_day) == (DAY, DAY)


def test_tally_of_nobody_is_empty() -> None:
    assert tally([]) == Tally({}, 0, None, None)


def test_cell_at_the_threshold_is_published_and_one_under_is_not() -> None:
    at = suppress_small_cells(tally(people(10, "DE", "25-34")))
    under = suppress_small_cells(tally(people(9, "DE", "25-34")))
    assert published(at)[Cell("decisions", ("accepted",))] == 10
    assert under.cells == ()
    assert under.suppressed == len(TABLES) - 1  # nobody has a reason


def test_total_is_rounded_down() -> None:
    assert suppress_small_cells(tally(people(19, "DE", "25-34"))).people == 10


def test_small_cell_cannot_be_told_from_the_sum() -> None:
    everyone = [*people(40, "DE", "25-34"), *people(20, "DE", "35-44"), *people(4, "DE", "18-24")]
    cells = published(suppress_small_cells(tally(everyone)))
    assert cells[Cell("regions", ("DE", "accepted"))] == 64
    ages = {cell for cell in cells if cell.table == "regions_by_age"}
    assert ages == {Cell("regions_by_age", ("DE", "25-34", "accepted"))}


def test_parts_of_a_dropped_sum_are_dropped() -> None:
    everyone = [*people(12, "FR", "35-44"), *people(30, "DE", "25-34"), *people(5, "PL", "25-34")]
    cells = published(suppress_small_cells(tally(everyone)))
    assert Cell("regions", ("FR", "accepted")) not in cells
    # Publishing it would reveal France, and so Poland.
    assert Cell("regions_by_age", ("FR", "35-44", "accepted")) not in cells
    assert cells[Cell("age_bands", ("35-44", "accepted"))] == 12
    assert cells[Cell("regions", ("DE", "accepted"))] == 30


POPULATIONS = st.lists(
    st.builds(
        Counted,
        st.sampled_from([DAY, date(2027, 1, 2)]),
        st.builds(Cohort, region=st.sampled_from("ABC"), age_band=st.sampled_from("xyz")),
        st.sampled_from(Decision),
        st.lists(st.sampled_from(["r1", "r2"]), unique=True).map(tuple),
    ),
    max_size=250,
)


@given(POPULATIONS)
def test_no_difference_of_published_cells_is_small(everyone: list[Counted]) -> None:
    cells = published(suppress_small_cells(tally(everyone)))
    assert all(count >= THRESHOLD for count in cells.values())
    for table, wholes in SUMS.items():
        for whole_table in wholes:
            for whole in (cell for cell in cells if cell.table == whole_table):
                known = dict(zip(TABLES[whole_table], whole.values, strict=True)).items()
                parts = [
                    count
                    for cell, count in cells.items()
                    if cell.table == table
                    and known <= dict(zip(TABLES[table], cell.values, strict=True)).items()
                ]
                rest = cells[whole] - sum(parts)
                assert not parts or rest == 0 or rest >= THRESHOLD
