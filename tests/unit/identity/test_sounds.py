"""How words sound."""

import pytest

from civic.identity.model.sounds import sound


@pytest.mark.parametrize(
    ("word", "code"),
    [
        # Examples of the National Archives.
        ("Washington", "W252"),
        ("Lee", "L000"),
        ("Gutierrez", "G362"),
        ("Pfister", "P236"),
        ("Jackson", "J250"),
        ("Tymczak", "T522"),
        ("VanDeusen", "V532"),
        ("Ashcraft", "A261"),
        # Knuth, The Art of Computer Programming, volume 3.
        ("Euler", "E460"),
        ("Hilbert", "H416"),
        ("Knuth", "K530"),
        ("Lloyd", "L300"),
        ("Lukasiewicz", "L222"),
        ("Robert", "R163"),
        ("Rupert", "R163"),
        ("Rubin", "R150"),
        ("Honeyman", "H555"),
        ("42", "42"),
        ("", ""),
    ],
)
def test_sound_is_the_soundex_code(word: str, code: str) -> None:
    assert sound(word) == sound(word.lower()) == code
