"""Whose address settles no area waits for staff, who settle it when they accept."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from civic.contracts.events import (
    Decision,
    DecisionMade,
    DecisionsMade,
    RevalidationDue,
    ReviewDecided,
)
from civic.contracts.identifiers import Revision
from civic.identity.errors import AreaNeeded, AreaUnknown
from civic.identity.model.area_table import AreaTable, TableVersion
from civic.identity.model.areas import AreaEntry, Fineness
from civic.identity.model.keys import RecordId
from civic.identity.model.receipt import Receipt
from civic.identity.model.registration import Address
from civic.identity.model.review import Judgement, OfficeReason
from civic.identity.model.rows import Acceptance
from civic.identity.usecases.review import decide_case, propose
from civic.identity.usecases.rights import lift_restriction, restrict
from tests.fakes.pipeline import TRACE, Consumer, Pipeline
from tests.fakes.reviewing import (
    ACCEPTED,
    JANE,
    JOHN,
    REJECTED,
    correct,
    decide,
    listed,
    renew,
    standing,
    two_people,
)
from tests.fakes.views import decision_of
from tests.strategies.registrations import person

REVIEW = Decision.REVIEW
NARNIA = Address(
    lines=("Torstr. 1",), city="Berlin", region="Narnia", postcode="10119", country="DE"
)


def narnian(pipeline: Pipeline) -> Receipt:
    receipt = pipeline.register(person(address=NARNIA))
    pipeline.drain()
    return receipt


def load(pipeline: Pipeline, **pages: str) -> None:
    """Put a table in use that gives postcodes of Germany (``p10119``) one area each."""
    table = AreaTable({f"DE {name[1:]}": (AreaEntry((area,)),) for name, area in pages.items()})
    used = pipeline.areas.used.version if pipeline.areas.used else 0
    version = pipeline.areas.begin(table.digest)
    pipeline.areas.write(version, table.pages)
    known = TableVersion(
        version,
        table.digest,
        pages=len(table.pages),
        areas=table.areas,
        fineness=table.fineness,
    )
    assert pipeline.areas.put_in_use(known, used)


def announced(pipeline: Pipeline) -> DecisionMade:
    events = [event for event in pipeline.bus.events if isinstance(event, DecisionsMade)]
    return events[-1].results[-1]


def test_unresolved_address_waits_and_cannot_be_accepted_without_an_area() -> None:
    pipeline = Pipeline()
    receipt = narnian(pipeline)
    assert listed(pipeline) == {receipt.id}
    with pytest.raises(AreaNeeded):
        decide(pipeline, receipt)
    assert listed(pipeline) == {receipt.id}
    assert pipeline.reviews.rows[receipt.id].opinions == ()
    assert pipeline.bus.of(ReviewDecided) == []


def test_area_that_staff_settle_is_announced_with_those_around_it() -> None:
    pipeline = Pipeline()
    receipt = narnian(pipeline)
    row = decide(pipeline, receipt, areas=("DE-BE",))
    assert row
    assert row.ruling
    assert row.ruling.areas == ("DE-BE",)
    made = announced(pipeline)
    assert (made.decision, made.areas, made.cohort.region) == (ACCEPTED, ("DE-BE", "DE"), "DE-BE")


def test_voter_who_moves_abroad_keeps_the_area_that_staff_settle() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person(address=replace_region(NARNIA, "Berlin")))
    pipeline.drain()
    zurich = Address(lines=("Bahnhofstr. 1",), city="Zürich", postcode="8001", country="CH")
    correct(pipeline, receipt, address=zurich)
    pipeline.drain()
    published = len(pipeline.bus.events)
    assert decide(pipeline, receipt, revision=2, areas=("DE-BE",))
    made = announced(pipeline)
    assert (made.decision, made.areas, made.cohort.region) == (ACCEPTED, ("DE-BE", "DE"), "other")
    pipeline.drain(published)
    entry = pipeline.roll.get(receipt.id)
    assert entry
    assert entry.standing.areas == ("DE-BE", "DE")


def test_unresolved_address_can_be_rejected_without_an_area() -> None:
    pipeline = Pipeline()
    assert decide(pipeline, narnian(pipeline), REJECTED)


@pytest.mark.parametrize("area", ["DE-XX", "XX", "N1", "DE-BE-N1"])
def test_area_that_nobody_knows_is_refused(area: str) -> None:
    pipeline = Pipeline()
    receipt = narnian(pipeline)
    with pytest.raises(AreaUnknown):
        decide(pipeline, receipt, areas=(area,))
    assert pipeline.reviews.rows[receipt.id].opinions == ()


def test_area_of_the_table_in_use_is_known() -> None:
    pipeline = Pipeline()
    receipt = narnian(pipeline)
    load(pipeline, p20001="N1")
    assert decide(pipeline, receipt, areas=("N1", "DE-BE"))
    assert announced(pipeline).areas == ("N1", "DE-BE", "DE")


def test_two_people_must_agree_on_the_areas_too() -> None:
    pipeline = two_people(Pipeline())
    receipt = narnian(pipeline)
    assert decide(pipeline, receipt, by=JANE, areas=("DE-BE",)) is None
    assert decide(pipeline, receipt, by=JOHN, areas=("DE-BB",)) is None
    assert decide(pipeline, receipt, by=JOHN, areas=("DE-BE",)) is not None


def test_settled_area_is_announced_again_with_the_decision() -> None:
    pipeline = Pipeline()
    receipt = narnian(pipeline)
    decide(pipeline, receipt, areas=("DE-BE",))
    load(pipeline, p20001="N1")
    request = pipeline.bus.events[0]
    assert pipeline.deliver(Consumer.VALIDATOR, request)
    made = announced(pipeline)
    assert (made.round, made.areas, made.area_version) == (1, ("DE-BE", "DE"), 1)
    assert made.cohort.region == "DE-BE"


def test_table_decides_without_a_region_and_says_its_version() -> None:
    pipeline = Pipeline()
    load(pipeline, p10119="DE-BE-N1")
    receipt = pipeline.register(person(address=replace_region(NARNIA, None)))
    pipeline.drain()
    assert standing(pipeline, receipt) == (ACCEPTED, 0)
    made = announced(pipeline)
    assert (made.areas, made.area_version) == (("DE-BE-N1", "DE-BE", "DE"), 1)


def test_new_table_reaches_people_when_their_decision_is_announced_again() -> None:
    pipeline = Pipeline()
    load(pipeline, p10119="N1")
    receipt = pipeline.register(person(address=replace_region(NARNIA, "Berlin")))
    pipeline.drain()
    load(pipeline, p10119="N2")
    assert pipeline.deliver(Consumer.VALIDATOR, pipeline.bus.events[0])
    made = announced(pipeline)
    assert (made.id, made.revision, made.round) == (receipt.id, 1, 0)
    assert (made.areas, made.area_version) == (("N2", "DE-BE", "DE"), 2)


def test_contested_case_is_not_accepted_without_the_area_that_its_address_lacks() -> None:
    pipeline = Pipeline()
    receipt = narnian(pipeline)
    row = decision_of(pipeline, receipt.id)
    assert row.verdict
    # A row of an earlier release: nothing in its reasons says that the area is not settled.
    pipeline.decisions.rows[receipt.id] = replace(row, verdict=replace(row.verdict, reasons=()))
    with pytest.raises(AreaNeeded):
        decide(pipeline, receipt)
    assert standing(pipeline, receipt) != (ACCEPTED, 1)
    assert decide(pipeline, receipt, areas=("DE-BE",))


def test_correction_of_something_else_leaves_the_settled_area() -> None:
    pipeline = Pipeline()
    receipt = narnian(pipeline)
    decide(pipeline, receipt, areas=("DE-BE",))
    correct(pipeline, receipt, address=NARNIA, username="another")
    pipeline.drain()
    made = announced(pipeline)
    assert (made.revision, made.decision, made.areas) == (2, ACCEPTED, ("DE-BE", "DE"))


def test_correction_of_the_address_is_resolved_anew() -> None:
    pipeline = Pipeline()
    receipt = narnian(pipeline)
    decide(pipeline, receipt, areas=("DE-BE",))
    correct(pipeline, receipt, address=replace_region(NARNIA, "Bayern"))
    pipeline.drain()
    made = announced(pipeline)
    assert (made.revision, made.areas) == (Revision(2), ("DE-BY", "DE"))
    assert RecordId(receipt.id, Revision(2)) == decision_of(pipeline, receipt.id).record


def replace_region(address: Address, region: str | None) -> Address:
    return address.model_copy(update={"region": region})


def test_sweep_brings_the_areas_of_a_new_table_to_everybody_on_the_roll() -> None:
    pipeline = Pipeline()
    load(pipeline, p10119="N1")
    receipt = pipeline.register(person(address=replace_region(NARNIA, "Berlin")))
    rejected = pipeline.register(person(citizenship_attestation=False))
    pipeline.drain()
    pipeline.now += timedelta(hours=2)
    assert pipeline.sweep() == {}
    load(pipeline, p10119="N2")
    published = len(pipeline.bus.events)
    assert pipeline.sweep() == {"AreasRenewed": 1}
    pipeline.drain(published)
    entry = pipeline.roll.get(receipt.id)
    assert entry
    assert (entry.standing.areas, entry.standing.area_version) == (("N2", "DE-BE", "DE"), 2)
    assert decision_of(pipeline, rejected.id).verdict
    assert pipeline.sweep() == {}


def on_the_roll(pipeline: Pipeline, receipt: Receipt) -> tuple[str, ...]:
    entry = pipeline.roll.get(receipt.id)
    assert entry
    assert entry.standing.accepted
    return entry.standing.areas


def swept(pipeline: Pipeline) -> None:
    published = len(pipeline.bus.events)
    pipeline.now += timedelta(hours=2)
    pipeline.sweep()
    pipeline.drain(published)


def test_area_that_staff_settled_stays_whatever_a_new_table_says() -> None:
    pipeline = Pipeline()
    receipt = narnian(pipeline)
    decide(pipeline, receipt, areas=("DE-BE",))
    pipeline.drain()
    load(pipeline, p10119="N2")
    swept(pipeline)
    assert len(pipeline.bus.of(RevalidationDue)) == 1
    assert on_the_roll(pipeline, receipt) == ("DE-BE", "DE")
    assert listed(pipeline) == set()


def test_correction_that_fails_leaves_the_areas_of_the_newest_table() -> None:
    pipeline = Pipeline()
    load(pipeline, p10119="N1")
    receipt = pipeline.register(person(address=replace_region(NARNIA, "Berlin")))
    pipeline.drain()
    load(pipeline, p10119="N2")
    swept(pipeline)
    correct(pipeline, receipt, national_id="not one")
    pipeline.drain()
    assert standing(pipeline, receipt) == (REVIEW, 0)
    assert on_the_roll(pipeline, receipt) == ("N2", "DE-BE", "DE")


def wanting_a_table(pipeline: Pipeline) -> Pipeline:
    """Have the rules ask for an area of the table of everybody in Germany."""
    known = pipeline.validation.rules
    germany = known.countries["DE"].model_copy(update={"areas": Fineness.TABLE})
    countries = {**known.countries, "DE": germany}
    rules = known.model_copy(update={"countries": countries})
    pipeline.validation = replace(pipeline.validation, rules=rules)
    pipeline.review = replace(pipeline.review, rules=rules)
    return pipeline


def test_person_whom_a_new_table_does_not_place_keeps_their_area_until_people_decide() -> None:
    pipeline = wanting_a_table(Pipeline())
    load(pipeline, p10119="N1")
    receipt = pipeline.register(person(address=replace_region(NARNIA, "Berlin")))
    pipeline.drain()
    load(pipeline, p20001="N3")
    swept(pipeline)
    assert on_the_roll(pipeline, receipt) == ("N1", "DE-BE", "DE")
    assert listed(pipeline) == {receipt.id}
    published = len(pipeline.bus.events)
    swept(pipeline)
    # Not every sweep from now on.
    assert len(pipeline.bus.of(RevalidationDue)) == 1
    assert decide(pipeline, receipt, areas=("N3",))
    pipeline.drain(published)
    assert on_the_roll(pipeline, receipt)[0] == "N3"


def test_sweep_counts_whose_failed_correction_keeps_the_areas_of_an_earlier_table() -> None:
    pipeline = Pipeline()
    load(pipeline, p10119="N1")
    berlin = replace_region(NARNIA, "Berlin")
    receipt = pipeline.register(person(address=berlin))
    pipeline.drain()
    correct(pipeline, receipt, address=berlin, national_id="not one")
    pipeline.drain()
    pipeline.now += timedelta(hours=2)
    assert pipeline.sweep() == {}
    load(pipeline, p10119="N2")
    published = len(pipeline.bus.events)
    for _ in range(2):
        assert pipeline.sweep() == {"AreasKept": 1}
    pipeline.drain(published)
    assert pipeline.bus.of(RevalidationDue) == []
    assert on_the_roll(pipeline, receipt) == ("N1", "DE-BE", "DE")
    decide(pipeline, receipt, revision=2)
    pipeline.drain(published)
    assert on_the_roll(pipeline, receipt) == ("N2", "DE-BE", "DE")
    pipeline.now += timedelta(hours=2)
    assert pipeline.sweep() == {}


def known_by_the_country(pipeline: Pipeline, **changes: Any) -> Receipt:
    """Register somebody whom the rules accept without a region, as there is no table yet."""
    receipt = pipeline.register(person(address=replace_region(NARNIA, None), **changes))
    pipeline.drain()
    return receipt


@pytest.mark.parametrize("of_an_earlier_release", [False, True])
def test_who_was_accepted_with_the_country_alone_waits_for_staff_once_a_table_divides_it(
    of_an_earlier_release: bool,  # noqa: FBT001 - parametrized
) -> None:
    pipeline = Pipeline()
    receipt = known_by_the_country(pipeline)
    assert standing(pipeline, receipt) == (ACCEPTED, 0)
    if of_an_earlier_release:
        row = decision_of(pipeline, receipt.id)
        bare = replace(row, acceptance=Acceptance(Revision(1)))
        pipeline.decisions.rows[receipt.id] = bare
    load(pipeline, p20001="N3")
    swept(pipeline)
    assert on_the_roll(pipeline, receipt) == ("DE",)
    assert listed(pipeline) == {receipt.id}
    published = len(pipeline.bus.events)
    with pytest.raises(AreaNeeded):
        decide(pipeline, receipt)
    with pytest.raises(AreaNeeded):
        decide(pipeline, receipt, areas=("DE",))
    assert decide(pipeline, receipt, areas=("N3",))
    pipeline.drain(published)
    assert on_the_roll(pipeline, receipt) == ("N3", "DE")


def test_who_was_accepted_with_the_country_alone_gets_the_area_of_a_table_that_decides() -> None:
    pipeline = Pipeline()
    receipt = known_by_the_country(pipeline)
    load(pipeline, p10119="N1")
    swept(pipeline)
    assert on_the_roll(pipeline, receipt) == ("N1", "DE")
    assert listed(pipeline) == set()


def test_who_registers_where_the_table_has_other_postcodes_waits_for_staff() -> None:
    pipeline = Pipeline()
    load(pipeline, p20001="N3")
    receipt = known_by_the_country(pipeline)
    assert standing(pipeline, receipt) == (REVIEW, 0)
    abroad = Address(lines=("1 rue de Rivoli",), city="Paris", postcode="75001", country="FR")
    other = pipeline.register(person(full_name="Somebody Else", address=abroad))
    pipeline.drain()
    assert standing(pipeline, other) == (ACCEPTED, 0)


def test_case_of_another_cause_needs_an_area_once_a_table_divides_the_country() -> None:
    pipeline = Pipeline()
    receipt = known_by_the_country(pipeline, national_id="not one")
    assert standing(pipeline, receipt) == (REVIEW, 0)
    load(pipeline, p20001="N3")
    with pytest.raises(AreaNeeded):
        decide(pipeline, receipt)
    assert decide(pipeline, receipt, areas=("N3",))


def test_country_that_staff_settled_is_no_answer_once_a_table_divides_it() -> None:
    pipeline = Pipeline()
    receipt = narnian(pipeline)
    assert decide(pipeline, receipt, areas=("DE",))
    pipeline.drain()
    assert on_the_roll(pipeline, receipt) == ("DE",)
    load(pipeline, p20001="N3")
    swept(pipeline)
    assert listed(pipeline) == {receipt.id}
    assert on_the_roll(pipeline, receipt) == ("DE",)


def test_area_that_people_settled_outlives_another_decision_and_being_taken_off() -> None:
    pipeline = Pipeline()
    receipt = narnian(pipeline)
    decide(pipeline, receipt, areas=("DE-BE",))
    pipeline.drain()
    correct(pipeline, receipt, address=NARNIA, national_id="not one")
    pipeline.drain()
    decide(pipeline, receipt, revision=2)
    pipeline.drain()
    assert on_the_roll(pipeline, receipt) == ("DE-BE", "DE")
    off = Judgement(REJECTED, reason=OfficeReason.MOVED_AWAY)
    back = Judgement(ACCEPTED, reason=OfficeReason.PUT_BACK)
    record = RecordId(receipt.id, Revision(2))
    for judgement in (off, back):
        propose(pipeline.review, receipt.id, judgement, JANE)
        assert decide_case(pipeline.review, record, judgement, JOHN, TRACE)
        pipeline.drain()
    assert on_the_roll(pipeline, receipt) == ("DE-BE", "DE")


def test_acceptance_for_another_reason_settles_no_area() -> None:
    pipeline = wanting_a_table(Pipeline())
    load(pipeline, p10119="N1")
    address = replace_region(NARNIA, "Berlin")
    receipt = pipeline.register(person(address=address, national_id="not one"))
    pipeline.drain()
    decide(pipeline, receipt)
    pipeline.drain()
    row = decision_of(pipeline, receipt.id)
    assert row.ruling
    assert row.ruling.areas == ()
    load(pipeline, p20001="N3")
    correct(pipeline, receipt, address=address, national_id="not one", username="another")
    pipeline.drain()
    # The address is as people saw it, but nobody has said where it is.
    assert standing(pipeline, receipt) == (REVIEW, 0)
    assert on_the_roll(pipeline, receipt) == ("N1", "DE-BE", "DE")


@pytest.mark.parametrize("renewed", [False, True])
def test_after_a_renewal_people_look_again_at_what_they_had_settled(*, renewed: bool) -> None:
    pipeline = Pipeline()
    receipt = narnian(pipeline)
    decide(pipeline, receipt, areas=("DE-BE",))
    pipeline.drain()
    holder = renew(pipeline, receipt) if renewed else receipt
    pipeline.rectify(holder, person(address=NARNIA, username="another"))
    pipeline.drain()
    assert standing(pipeline, receipt) == ((REVIEW if renewed else ACCEPTED), 0)
    assert on_the_roll(pipeline, receipt) == ("DE-BE", "DE")


def test_person_who_restricted_the_processing_gets_the_new_area_once_they_lift_it() -> None:
    pipeline = Pipeline()
    load(pipeline, p10119="DE-BE-N1")
    receipt = pipeline.register(person(address=replace_region(NARNIA, None)))
    pipeline.drain()
    restrict(pipeline.rights, receipt.id, receipt.access_token, TRACE)
    pipeline.drain()
    load(pipeline, p10119="DE-BE-N2")
    pipeline.now += timedelta(hours=2)
    assert pipeline.sweep() == {}
    assert on_the_roll(pipeline, receipt)[0] == "DE-BE-N1"
    lifted = len(pipeline.bus.events)
    lift_restriction(pipeline.rights, receipt.id, receipt.access_token, TRACE)
    pipeline.drain(lifted)
    assert on_the_roll(pipeline, receipt)[0] == "DE-BE-N2"
