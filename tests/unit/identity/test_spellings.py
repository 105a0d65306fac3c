"""One spelling for the words of a name."""

import pytest

from civic.identity.model.spellings import name_words, words


@pytest.mark.parametrize(
    ("written", "passport"),
    [
        ("Müller", "MUELLER"),
        ("Groß", "Gross"),
        ("Łukasz", "LUKASZ"),
        ("Y\u0131lmaz", "Yilmaz"),
        ("Ørsted", "Oersted"),
        ("d'Aubigné", "D\u2019AUBIGNE"),
        ("Meyer-Lansky", "Meyer Lansky"),
        ("Ｎａｋａｍｕｒａ", "Nakamura"),  # noqa: RUF001 - as a Japanese keyboard types it
        ("Соломія Нечуй-Левицький", "Solomiia Nechui-Levytskyi"),
        ("Їжак", "Yizhak"),
        ("Γεώργιος Παπαδόπουλος", "Georgios Papadopoulos"),
        ("प्रिया", "Priya"),
        ("さくら", "Sakura"),
    ],
)
def test_words_are_the_same_in_every_spelling(written: str, passport: str) -> None:
    assert words(written) == words(passport)


@pytest.mark.parametrize(("one", "other"), [("Anna", "Hanna"), ("11", "1"), ("Maria", "Mario")])
def test_other_words_stay_other_words(one: str, other: str) -> None:
    assert words(one) != words(other)


def test_words_of_a_text_without_letters_are_the_text() -> None:
    assert words("\u2605 \u2606") == ("\u2605 \u2606",)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("J. R. von der Heide, Jane", {"heide", "jane"}),
        ("Heide Jane", {"heide", "jane"}),
        # Whoever has no two other words keeps all of them.
        ("Ng O", {"ng", "o"}),
        ("O", {"o"}),
        ("de la Cruz", {"de", "la", "cruz"}),
    ],
)
def test_name_is_its_words_without_order_initials_and_particles(
    name: str, expected: set[str]
) -> None:
    assert name_words(name) == expected
