"""The areas of an address: by the office's table, by the region, by the country."""

from dataclasses import replace

import pytest

from civic.contracts.events import Decision
from civic.identity.model.area_table import AreaTable
from civic.identity.model.areas import (
    NO_TABLE,
    AreaEntry,
    Fineness,
    Parity,
    Residence,
    TablePage,
    described_keys,
    postcode_key,
    residence,
    settled,
    wide_key,
)
from civic.identity.model.eligibility import Past, decide
from civic.identity.model.registration import Address, Registration
from tests.fakes.pipeline import RULES
from tests.strategies.registrations import SUBMITTED_AT, person

COUNTRY, REGION, TABLE = Fineness


def lives(
    line: str = "Torstr. 1",
    city: str = "Berlin",
    region: str | None = None,
    country: str = "DE",
    postcode: str | None = "10119",
) -> Address:
    return Address(lines=(line,), city=city, region=region, postcode=postcode, country=country)


def table(*entries: AreaEntry, **wide: tuple[str, ...]) -> TablePage:
    return TablePage(3, entries, {key.replace("_", "-"): areas for key, areas in wide.items()})


# Written in shared cases 02 and 03: people of DE with Berlin, BE, Bayern and Narnia, one of Calif.
BERLINER = Registration.model_validate_json(
    """{"username": "case", "full_name": "Case Person", "date_of_birth": "1980-05-05",
    "address": {"lines": ["Torstr. 1"], "city": "Berlin", "region": "Berlin",
    "postcode": "10119", "country": "DE"}, "phone_number": "+49 30 901820",
    "citizenship_attestation": true,
    "consent": {"text_version": "2027-1", "given_at": "2026-11-01T10:00:00Z"}}"""
)
CALIFORNIAN = Registration.model_validate_json(
    """{"username": "case", "full_name": "Cal Ifornian", "date_of_birth": "1980-05-05",
    "address": {"lines": ["1 Main St"], "city": "Sacramento", "region": "Calif.",
    "postcode": "95814", "country": "US"}, "phone_number": "+1 916 445 2841",
    "citizenship_attestation": true,
    "consent": {"text_version": "2027-1", "given_at": "2026-11-01T10:00:00Z"}}"""
)


@pytest.mark.parametrize(
    ("region", "city", "postcode", "areas"),
    [
        ("Berlin", "Berlin", "10119", ("DE-BE", "DE")),
        ("BE", "Berlin", "10119", ("DE-BE", "DE")),
        ("Bayern", "München", "80331", ("DE-BY", "DE")),
    ],
)
def test_region_of_an_address_is_its_area(
    region: str, city: str, postcode: str, areas: tuple[str, ...]
) -> None:
    there = lives(city=city, region=region, postcode=postcode)
    judged = decide(BERLINER.model_copy(update={"address": there}), SUBMITTED_AT, RULES)
    assert (judged.decision, judged.placement.areas) == (Decision.ACCEPTED, areas)
    assert judged.placement.cohort.region == areas[0]


def test_invented_region_is_never_accepted_silently() -> None:
    narnian = BERLINER.model_copy(update={"address": lives(region="Narnia")})
    judged = decide(narnian, SUBMITTED_AT, RULES)
    assert judged.decision == Decision.REVIEW
    assert [reason.code for reason in judged.reasons] == ["area_unresolved", "region_unknown"]
    assert judged.placement.areas == ("DE",)


def test_state_in_a_usual_abbreviation_is_the_state() -> None:
    judged = decide(CALIFORNIAN, SUBMITTED_AT, RULES)
    assert (judged.decision, judged.placement.areas) == (Decision.ACCEPTED, ("US-CA", "US"))


def test_military_state_waits_until_the_table_or_staff_give_it_an_area() -> None:
    abroad = lives("Unit 1", "APO", "AE", "US", "09498")
    soldier = CALIFORNIAN.model_copy(update={"address": abroad})
    judged = decide(soldier, SUBMITTED_AT, RULES)
    assert [reason.code for reason in judged.reasons] == ["area_unresolved"]
    by_table = TablePage(1, wide={wide_key("US", "AE"): ("US-CA",)})
    assert decide(soldier, SUBMITTED_AT, RULES, page=by_table).placement.areas == ("US-CA", "US")


def test_country_that_is_not_accepted_has_no_areas() -> None:
    stranger = person(address=lives(country="CH", postcode="8001", city="Zürich"))
    assert decide(stranger, SUBMITTED_AT, RULES).placement.areas == ()


def test_cohort_has_the_region_and_never_an_area_of_the_office() -> None:
    page = table(AreaEntry(("DE-BE-N1",)))
    judged = decide(BERLINER, SUBMITTED_AT, RULES, page=page)
    assert judged.placement.areas == ("DE-BE-N1", "DE-BE", "DE")
    assert (judged.placement.cohort.region, judged.placement.area_version) == ("DE-BE", 3)


@pytest.mark.parametrize(
    ("address", "enough_for"),
    [
        (lives(), {COUNTRY}),
        (lives(region="Berlin"), {COUNTRY, REGION}),
        (lives(region="Narnia"), set()),
    ],
)
def test_country_says_how_fine_its_areas_must_be(
    address: Address, enough_for: set[Fineness]
) -> None:
    found = residence(address)
    assert {fineness for fineness in Fineness if found.is_settled(fineness)} == enough_for


def test_row_of_the_table_is_fine_enough_for_everything() -> None:
    found = residence(lives(), table(AreaEntry(("N1",))))
    assert found == Residence(("N1", "DE"), "DE", 3, own=True)
    assert all(found.is_settled(fineness) for fineness in Fineness)


def test_region_that_is_written_completes_an_area_that_does_not_name_it() -> None:
    assert residence(lives(region="Berlin"), table(AreaEntry(("N1",)))).areas == (
        "N1",
        "DE-BE",
        "DE",
    )


def test_finer_region_that_is_written_stays() -> None:
    milan = lives(region="Milano", country="IT", postcode="20121", city="Milano")
    assert residence(milan, table(AreaEntry(("IT-25",)))).areas == ("IT-25", "IT-MI", "IT")


def test_region_that_contradicts_the_table_is_doubtful() -> None:
    found = residence(lives(region="Bayern"), table(AreaEntry(("DE-BE-N1",))))
    assert found.areas == ("DE-BE-N1", "DE-BE", "DE")
    assert not any(found.is_settled(fineness) for fineness in Fineness)


@pytest.mark.parametrize("region", [None, "Berlin"])
def test_table_with_postcodes_of_a_country_decides_there_whatever_the_rules_say(
    region: str | None,
) -> None:
    divided = TablePage(3, fineness={"DE": TABLE})
    unlisted = residence(lives(region=region), divided)
    assert not any(unlisted.is_settled(fineness) for fineness in Fineness)
    rest = residence(lives(region=region), replace(divided, wide={"DE": ("DE-REST",)}))
    assert rest.areas[0] == "DE-REST"
    assert all(rest.is_settled(fineness) for fineness in Fineness)
    judged = decide(person(address=lives(region=region)), SUBMITTED_AT, RULES, page=divided)
    assert [reason.code for reason in judged.reasons] == ["area_unresolved"]


def test_table_with_rows_for_regions_asks_for_a_region() -> None:
    page = TablePage(3, wide={"DE-BE": ("B0",)}, fineness={"DE": REGION})
    assert not residence(lives(), page).is_settled()
    assert residence(lives(region="Bayern"), page).is_settled(REGION)
    assert residence(lives(region="Berlin"), page).is_settled(TABLE)


def test_region_of_which_the_table_has_parts_is_decided_by_the_table() -> None:
    page = TablePage(3, fineness={"IT": REGION, "IT-25": TABLE})
    milan = lives(region="Milano", country="IT", postcode="20121", city="Milano")
    assert residence(milan, page).is_settled(REGION)
    lombardy = milan.model_copy(update={"region": "Lombardia"})
    assert not residence(lombardy, page).is_settled()


def test_who_is_known_by_the_country_alone_is_not_settled_by_people_where_it_is_divided() -> None:
    page = TablePage(3, fineness={"DE": TABLE})
    assert settled(lives(), ("DE",)).is_settled()
    assert not settled(lives(), ("DE",), page).is_settled()
    assert settled(lives(), ("DE-BE",), page).is_settled(TABLE)
    past = Past(settled=frozenset({"address"}), areas=("DE",))
    kept = decide(person(address=lives()), SUBMITTED_AT, RULES, past, NO_TABLE)
    assert (kept.decision, kept.placement.areas) == (Decision.ACCEPTED, ("DE",))
    waits = decide(person(address=lives()), SUBMITTED_AT, RULES, past, page)
    assert [reason.code for reason in waits.reasons] == ["area_unresolved"]
    listed = replace(page, entries=(AreaEntry(("N1",)),))
    found = decide(person(address=lives()), SUBMITTED_AT, RULES, past, listed)
    assert (found.decision, found.placement.areas) == (Decision.ACCEPTED, ("N1", "DE"))


def test_table_knows_what_it_divides() -> None:
    entries = (AreaEntry(("N1",)),)
    wide = {"DE": ("DE-REST",), "FR": ("DE-ABROAD",), "US ae": ("US-CA",), "IT-MI": ("M1",)}
    wide |= dict.fromkeys((*described_keys("PL", "Kraków"), *described_keys("PT")), ("P1",))
    assert AreaTable({"DE 10115": entries, "NL 1011AB": entries}, wide).fineness == {
        "DE": TABLE,
        "NL": TABLE,
        "US": REGION,
        "IT": REGION,
        "IT-25": TABLE,
    }


def test_country_among_the_areas_of_a_row_is_the_widest() -> None:
    page = table(AreaEntry(("N1", "DE")))
    assert residence(lives(region="Berlin"), page).areas == ("N1", "DE-BE", "DE")


NORTH, SOUTH, REST = ("N1",), ("S1",), ("X1",)
SPLIT = (
    AreaEntry(NORTH, street="Torstraße", first=1, last=99, parity=Parity.ODD),
    AreaEntry(SOUTH, street="Torstraße", first=2, last=98, parity=Parity.EVEN),
    AreaEntry(SOUTH, street="Torstraße", first=100, last=300),
    AreaEntry(NORTH, street="Am Park"),
)


@pytest.mark.parametrize(
    ("line", "areas"),
    [
        ("Torstr. 1", NORTH),
        ("Torstr. 12a", SOUTH),
        ("Tor Straße 100", SOUTH),
        ("TORSTRASSE 201", SOUTH),
        ("Am Park", NORTH),
        ("Am Park 7", NORTH),
    ],
)
def test_split_postcode_is_decided_by_street_and_number(line: str, areas: tuple[str, ...]) -> None:
    found = residence(lives(line), table(*SPLIT))
    assert (found.areas, found.doubtful) == ((*areas, "DE"), False)


@pytest.mark.parametrize("line", ["Torstr.", "Torstr. 301", "Am Berg 1", "Parkstr. 1"])
def test_split_postcode_that_does_not_decide_waits(line: str) -> None:
    found = residence(lives(line), table(*SPLIT))
    assert found.doubtful
    assert found.areas == ("DE",)


def test_row_without_street_is_for_the_streets_that_no_row_names() -> None:
    page = table(*SPLIT, AreaEntry(REST))
    assert residence(lives("Am Berg 1"), page).areas == ("X1", "DE")
    assert residence(lives("Torstr. 1"), page).areas == ("N1", "DE")
    assert residence(lives("Torstr."), page).doubtful


def test_street_without_number_is_enough_if_all_its_rows_agree() -> None:
    page = table(*(replace(entry, areas=NORTH) for entry in SPLIT))
    assert residence(lives("Torstr."), page).areas == ("N1", "DE")


def test_postcode_of_two_towns_is_decided_by_the_town() -> None:
    page = table(AreaEntry(NORTH, city="Müllheim"), AreaEntry(SOUTH, city="Auggen"))
    assert residence(lives(city="Muellheim"), page).areas == ("N1", "DE")
    assert residence(lives(city="AUGGEN"), page).areas == ("S1", "DE")
    assert residence(lives(city="Basel"), page).doubtful


RANGES = (
    AreaEntry(NORTH, street="Main Street", first=1, last=99),
    AreaEntry(SOUTH, street="Main Street", first=100, last=999),
    AreaEntry(REST),
)


@pytest.mark.parametrize(
    ("line", "areas"),
    [
        ("120 Main St Apt 4", SOUTH),
        ("120 Main St #4", SOUTH),
        ("120 Main St, Unit 12B", SOUTH),
        ("Flat 2, 120 Main St", SOUTH),
        ("120 Oak St", REST),
        ("120 West Main St", ()),
        ("120 Main St W", ()),
        ("Unit 12, Main St", ()),
        ("Apt 4 120 Main St", ()),
        ("120 Main St 4", ()),
    ],
)
def test_number_of_a_flat_is_not_taken_for_that_of_the_house(
    line: str, areas: tuple[str, ...]
) -> None:
    found = residence(lives(line), table(*RANGES))
    assert (found.areas, found.doubtful) == ((*areas, "DE"), not areas)


def test_street_whose_name_contains_another_one_is_not_that() -> None:
    short = AreaEntry(NORTH, street="Hauptstr.")
    page = table(short, AreaEntry(REST))
    assert residence(lives("Hauptstr. 5"), page).areas == ("N1", "DE")
    assert residence(lives("Alte Hauptstr. 5"), page).doubtful
    both = table(short, AreaEntry(SOUTH, street="Alte Hauptstraße"), AreaEntry(REST))
    assert residence(lives("Hauptstr. 5"), both).areas == ("N1", "DE")
    assert residence(lives("Alte Hauptstr. 5"), both).areas == ("S1", "DE")


def test_row_for_a_country_or_region_holds_where_no_postcode_does() -> None:
    page = table(DE=("DE-ABROAD",), DE_BE=("B0",))
    assert residence(lives(), page).areas == ("DE-ABROAD", "DE")
    assert residence(lives(region="Berlin"), page).areas == ("B0", "DE-BE", "DE")


@pytest.mark.parametrize(
    ("country", "postcode", "key"),
    [
        ("DE", "10119", "10119"),
        ("DE", "DE-10119", "10119"),
        ("DE", "D 10119", "10119"),
        ("XX", "a-1", "A1"),
        ("GB", "sw1a 1aa", "SW1A1AA"),
        ("US", "95814-1234", "95814"),
        ("EG", "\u0661\u0661\u0665\u0661\u0661", "11511"),
    ],
)
def test_postcode_is_looked_up_without_its_punctuation(
    country: str, postcode: str, key: str
) -> None:
    assert postcode_key(country, postcode) == key


def test_areas_that_staff_settle_get_the_regions_around_them() -> None:
    narnia = lives(region="Narnia")
    assert settled(narnia, ("DE-BE-N1",)).areas == ("DE-BE-N1", "DE-BE", "DE")
    assert settled(narnia, ("N1", "DE-BY")).areas == ("N1", "DE-BY", "DE")
    assert settled(lives(region="Berlin"), ("N1",)).areas == ("N1", "DE-BE", "DE")
    assert settled(lives(region="Berlin"), ("DE",)).areas == ("DE",)
    assert settled(narnia, ("DE-BE",)).region == "DE-BE"


def test_who_lives_abroad_has_the_areas_of_where_they_lived_last() -> None:
    paris = lives("1 rue de Rivoli", "Paris", None, "FR", "75001")
    by_table = residence(paris, table(FR=("DE-BE-N1",)))
    assert (by_table.areas, by_table.region) == (("DE-BE-N1", "DE-BE", "DE"), "FR")
    assert by_table.is_settled(Fineness.TABLE)
    by_staff = settled(paris, ("DE-BE",))
    assert (by_staff.areas, by_staff.region) == (("DE-BE", "DE"), "FR")


@pytest.mark.parametrize(
    ("line", "areas"),
    [
        ("Torstr. 5", ("N1", "DE")),
        ("Torstr. 9", ("N1", "DE")),
        ("Torstr. 10", ("S1", "DE")),
        ("Torstr. 11", ("S1", "DE")),
        ("Am Berg 1", ("X1", "DE")),
    ],
)
def test_row_that_says_more_counts_for_more(line: str, areas: tuple[str, ...]) -> None:
    rows = [
        AreaEntry(NORTH, street="Torstr.", first=5, last=9),
        AreaEntry(SOUTH, street="Torstr."),
        AreaEntry(REST),
    ]
    for order in (rows, rows[::-1]):
        assert residence(lives(line), table(*order)).areas == areas


def test_town_counts_for_more_than_the_rest_of_the_postcode_and_a_street_for_more() -> None:
    rows = [
        AreaEntry(NORTH, street="Torstr."),
        AreaEntry(SOUTH, city="Berlin"),
        AreaEntry(REST),
    ]
    for order in (rows, rows[::-1]):
        page = table(*order)
        assert residence(lives("Torstr. 1"), page).areas == ("N1", "DE")
        assert residence(lives("Am Berg 1"), page).areas == ("S1", "DE")
        assert residence(lives("Am Berg 1", city="Potsdam"), page).areas == ("X1", "DE")


def test_side_of_a_street_is_enough_without_numbers() -> None:
    odd = AreaEntry(NORTH, street="Torstr.", parity=Parity.ODD)
    page = table(odd, AreaEntry(SOUTH, street="Torstr."))
    assert residence(lives("Torstr. 7"), page).areas == ("N1", "DE")
    assert residence(lives("Torstr. 8"), page).areas == ("S1", "DE")


def test_single_house_is_a_range_of_one() -> None:
    page = table(AreaEntry(NORTH, street="Torstr.", first=7), AreaEntry(REST))
    assert residence(lives("Torstr. 7"), page).areas == ("N1", "DE")
    assert residence(lives("Torstr. 8"), page).areas == ("X1", "DE")


def test_street_is_looked_for_in_every_line() -> None:
    there = Address(
        lines=("Hinterhaus 2", "Torstr. 1"), city="Berlin", postcode="10119", country="DE"
    )
    assert residence(there, table(*SPLIT)).areas == ("N1", "DE")


def test_table_decides_where_the_written_region_is_unknown_or_wider() -> None:
    known = residence(lives(region="Narnia"), table(AreaEntry(NORTH)))
    assert (known.areas, known.doubtful) == (("N1", "DE"), False)
    milan = lives(region="Lombardia", country="IT", postcode="20121", city="Milano")
    within = residence(milan, table(AreaEntry(("IT-MI",))))
    assert (within.areas, within.doubtful) == (("IT-MI", "IT-25", "IT"), False)


def test_region_abroad_does_not_contradict_the_last_residence() -> None:
    paris = lives("1 rue de Rivoli", "Paris", "Paris", "FR", "75001")
    found = residence(paris, table(FR=("DE-BE-N1",)))
    assert (found.areas, found.doubtful) == (("DE-BE-N1", "DE-BE", "DE"), False)


def test_area_that_only_looks_like_a_region_is_in_none() -> None:
    assert residence(lives(), table(AreaEntry(("DE-XX-N1",)))).areas == ("DE-XX-N1", "DE")


def test_region_in_a_country_without_subdivisions_is_no_doubt() -> None:
    assert not residence(lives(country="VA", region="Borgo", postcode=None)).doubtful


@pytest.mark.parametrize(
    ("region", "key"),
    [(None, "US"), ("AE", "US ae"), ("Calif.", "US-CA"), ("-", "US")],
)
def test_row_for_a_region_is_found_by_its_code_or_its_name(region: str | None, key: str) -> None:
    assert wide_key("US", region) == key


def camps(city: str = "Köln", postcode: str | None = None) -> Address:
    return Address(
        described_location="under the bridge", city=city, postcode=postcode, country="DE"
    )


def test_described_location_has_the_area_of_its_town_or_else_of_the_country() -> None:
    town, *_, country = described_keys("DE", "Köln")
    page = TablePage(3, wide={town: ("N1",), country: ("S1",), "DE": ("X1",)})
    assert residence(camps(), page).areas == ("N1", "DE")
    assert residence(camps("Bonn"), page).areas == ("S1", "DE")
    assert residence(lives(), page).areas == ("X1", "DE")


def test_described_location_in_a_postcode_is_decided_if_all_of_it_is_one_area() -> None:
    assert residence(camps(postcode="10119"), table(AreaEntry(NORTH))).areas == ("N1", "DE")
    split = residence(camps(postcode="10119"), table(*SPLIT))
    assert (split.areas, split.doubtful) == (("DE",), True)
    one = table(*(replace(entry, areas=NORTH) for entry in SPLIT))
    assert residence(camps(postcode="10119"), one).areas == ("N1", "DE")
