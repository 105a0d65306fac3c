"""Mutants of Python: what is changed, what is left alone, and that names are stable."""

import ast

import pytest

from tests.mutation.code import mutants_of


def changes(source: str) -> dict[str, str]:
    return {mutant.change: mutant.text for mutant in mutants_of("a.py", source)}


def test_mutant_changes_its_one_place_and_keeps_the_rest() -> None:
    source = "# größer\nlow = 'ß' * (1 + 1)  # kept\nhigh = 3\n"
    assert changes(source)["3 becomes 4 in high = 3"] == source.replace("high = 3", "high = (4)")


@pytest.mark.parametrize(
    ("source", "change"),
    [
        ("x = a < b", "a < b becomes a <= b"),
        ("x = a < b", "a < b becomes a >= b"),
        ("x = a and b", "or instead: a and b"),
        ("x = a and b", "dropped from and: a"),
        ("x = a + b", "a + b becomes b"),
        ("x = not a", "no longer negated: not a"),
        ("x = b if a else c", "b if a else c becomes c"),
        ("x = f(strict=True)", "True becomes False in strict=True"),
        ("x = f(salt=None)", "argument dropped: f(salt=None)"),
        ("x = {'a': 1, 'b': 2}", "entry dropped: {'a': 1}"),
        ("x = (a, b)", "element dropped: b"),
        ("x = blob[1:]", "not sliced: blob[1:]"),
        ("x = entropy(12)", "not random: entropy(12)"),
        ("x = key.encrypt(a, b)", "b becomes None in key.encrypt"),
        ("x = describe(error)", "its text instead of its name: describe(error)"),
        ("x = type(error).__name__", "its text instead of its name: type(error).__name__"),
        ("x = sorted(a)", "unsorted: sorted(a)"),
        ("write(x)", "dropped: write(x)"),
        ("x['a'] = b", "dropped: x['a'] = b"),
        ("if a:\n    b()", "if a becomes if False"),
        ("for a in b:\n    c()", "loop left out: for b"),
        ("with a():\n    b()", "without: with a()"),
        ("try:\n    a()\nexcept B:\n    c()", "no longer caught: B"),
        ("try:\n    a()\nexcept (B, C):\n    c()", "element dropped: C"),
        ("raise A from None", "without from None: raise A from None"),
        ("def f() -> bool:\n    return a", "return a becomes False"),
        ("def f() -> int:\n    return a", "return a becomes None"),
        ("x = 'revision < :r'", "condition, <= instead: revision < :r in x = 'revision < :r'"),
        ("x = f'{a} < :r'", "condition, <= instead: {a} < :r"),
    ],
)
def test_change_is_made(source: str, change: str) -> None:
    assert change in changes(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""About."""',
        "import a",
        "def f(a: int | None) -> str | None: ...",
        "x: int | None = None",
        "type X = int | None",
        "@dataclass(frozen=True, slots=True)\nclass A:\n    a: int",
        "X = NewType('X', str)",
        "if TYPE_CHECKING:\n    a = 1",
        "message = 'it went wrong'",
        "x = Problem(A, B, 'It went wrong')",
        "x = {'S': a}",
    ],
)
def test_what_says_nothing_is_left_alone(source: str) -> None:
    assert changes(source) == {}


def test_every_mutant_is_python() -> None:
    source = """
class A:
    @property
    def b(self) -> int:
        return self.c.get(f"{self.d} < :r", key=[1, *self.e]) or -1

    def f(self, g: bytes = b"x") -> Iterator[int]:
        yield from (one for one in g[1:] if one > 2)
        raise B("text here", 2) from None
"""
    mutants = list(mutants_of("a.py", source))
    assert len(mutants) > 15
    for mutant in mutants:
        ast.parse(mutant.text)
        assert mutant.text != source


def test_names_tell_equal_changes_apart_and_no_two_are_the_same() -> None:
    names = [mutant.name for mutant in mutants_of("a.py", "def f():\n    g(1)\n    g(1)\n")]
    assert "a.py | f | dropped: g(1)" in names
    assert "a.py | f | dropped: g(1) #2" in names
    assert len(set(names)) == len(names)


def test_name_does_not_depend_on_the_line() -> None:
    source = "def f():\n    g(1)\n"
    before = [mutant.name for mutant in mutants_of("a.py", source)]
    after = [mutant.name for mutant in mutants_of("a.py", "\n\n" + source)]
    assert before == after
