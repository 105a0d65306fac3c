"""Identity and voting share nothing: no model, row, artefact or template combines the two.

`test_one_voter_in_both_domains.py` checks the same for what one voter leaves behind.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ForwardRef, NewType, TypeAliasType, get_args, get_type_hints

import pytest
from pydantic import BaseModel

import civic.analytics
import civic.audit
import civic.contracts
import civic.identity
import civic.runtime
import civic.voting
from civic.contracts.identifiers import Nullifier, RegistrationId
from civic.voting.http.vote_bodies import SignedToken, Vote
from civic.voting.model.ballot import Ballot, CommittedBallot
from civic.voting.model.codes import PostedCode
from civic.voting.model.credential import Credential
from civic.voting.model.tally import Arrival
from civic.voting.usecases.submission import Paper
from tests.templates import IDENTITY, ROOT, TEMPLATES, Template, exports, imports, logical_id

CONTEXTS = (
    *(civic.contracts, civic.runtime),
    *(civic.identity, civic.analytics, civic.voting, civic.audit),
)
BALLOT_TYPES = {
    *(Nullifier, PostedCode, Ballot, CommittedBallot, Credential),
    *(Arrival, Paper, SignedToken, Vote),
}
BALLOT_NAMES = {
    *("ballot", "candidate", "credential", "nullifier", "nullifiers", "randomizer"),
    *("selections", "voter_code", "write_ins"),
}
PERSON_NAMES = {"registration", "registration_id", "subject", "access_token", "access_digest"}
type Kinds = frozenset[str]


# ------------------------------------------------------------------ every model


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def models_of(*packages: ModuleType) -> list[type]:
    """Return every pydantic model and dataclass that some packages define."""
    return [
        member
        for package in packages
        for module in modules_of(package)
        for member in vars(module).values()
        if inspect.isclass(member)
        and member.__module__ == module.__name__
        and (is_dataclass(member) or issubclass(member, BaseModel))
    ]


def names_of(model: type) -> set[str]:
    if issubclass(model, BaseModel):
        return set(model.model_fields)
    return {one.name for one in fields(model)} if is_dataclass(model) else set()


def kinds_of(hint: Any, seen: frozenset[Any] = frozenset()) -> Kinds:
    """Return which of "person" and "ballot" a type holds, at any depth."""
    if isinstance(hint, TypeAliasType):
        # An alias may name itself, as that of any JSON does.
        return frozenset() if hint in seen else kinds_of(value_of(hint), seen | {hint})
    if hint is RegistrationId:
        return frozenset({"person"})
    if hint in BALLOT_TYPES if isinstance(hint, type | NewType) else False:
        return frozenset({"ballot"})
    if inspect.isclass(hint) and hint not in seen and (names := names_of(hint)):
        found: Kinds = frozenset()
        if names & PERSON_NAMES:
            found |= {"person"}
        if names & BALLOT_NAMES:
            found |= {"ballot"}
        hints = hints_of(hint)
        inside = (kinds_of(hints.get(name), seen | {hint}) for name in names)
        return found.union(*inside)
    return frozenset().union(*(kinds_of(one, seen) for one in get_args(hint) if _is_type(one)))


def value_of(alias: TypeAliasType) -> Any:
    """Return the type behind an alias; a function's alias may name types only for the checker."""
    try:
        return alias.__value__
    except NameError:
        assert alias.__name__ == "Handler"
        return Callable


def hints_of(model: type) -> dict[str, Any]:
    unknown: dict[str, Any] = {}
    while True:
        try:
            return get_type_hints(model, localns=unknown, include_extras=True)
        except NameError as missing:
            # Types of AWS clients exist only for the type checker.
            if not str(missing.name).endswith("Client"):
                raise
            unknown[str(missing.name)] = object


def _is_type(value: object) -> bool:
    return not isinstance(value, str | bytes | int | ForwardRef)


@dataclass
class _Row:
    id: RegistrationId


@dataclass
class _Both:
    rows: "dict[str, list[_Row]]"
    cast: Nullifier | None


class _Named(BaseModel):
    owner: tuple[_Row, ...]
    selections: dict[str, str]


@pytest.mark.parametrize("bad", [_Both, _Named, dict[RegistrationId, Credential]])
def test_model_that_holds_both_would_be_seen(bad: Any) -> None:
    assert kinds_of(bad) == {"person", "ballot"}


def test_kinds_are_recognised_where_they_rightly_are() -> None:
    found: dict[str, Kinds] = {}
    for model in models_of(*CONTEXTS):
        # Two contexts may use the same name for different things.
        found[model.__name__] = found.get(model.__name__, frozenset()) | kinds_of(model)
    assert len(found) > 100
    assert {name for name, kinds in found.items() if "ballot" in kinds} >= {
        *("Arrival", "Ballot", "CommittedBallot", "Credential", "Paper", "SignedToken", "Vote"),
    }
    persons = {name for name, kinds in found.items() if "person" in kinds}
    assert persons >= {"DataStored", "ValidationRequest", "RollEntry", "Standing"}


def test_no_model_holds_a_registration_and_anything_of_a_ballot() -> None:
    both = {
        f"{model.__module__}.{model.__name__}"
        for model in models_of(*CONTEXTS)
        if len(kinds_of(model)) > 1
    }
    assert both == set()


def test_no_model_of_voting_holds_a_person_and_none_of_identity_a_ballot() -> None:
    def of(package: ModuleType, kind: str) -> set[str]:
        return {model.__name__ for model in models_of(package) if kind in kinds_of(model)}

    assert of(civic.voting, "person") == set()
    assert of(civic.identity, "ballot") == of(civic.analytics, "ballot") == set()


def test_events_hold_no_ballot() -> None:
    events = {model.__name__: model for model in models_of(civic.contracts)}
    assert {name for name, model in events.items() if "ballot" in kinds_of(model)} == set()


# ------------------------------------------------------------------ what adapters write


ATTRIBUTE = re.compile(r"""["'](\w+)["']: (?:\{"(?:S|N|B|M|L|SS|NS|BS|BOOL|NULL)":|\?)""")


def written_by(context: str, adapter: str = "*_dynamodb.py") -> set[str]:
    """Return the attributes that a context's DynamoDB adapters name in their items."""
    folder = ROOT / f"src/{context}/civic/{context}/adapters"
    texts = [file.read_text() for file in sorted(folder.glob(adapter))]
    assert texts
    return {name for text in texts for name in ATTRIBUTE.findall(text)}


def test_row_of_a_ballot_holds_nullifier_salt_election_and_ballot() -> None:
    assert written_by("voting", "ballot_box_dynamodb.py") == {
        *("nullifier", "salt", "election", "ballot"),
    }


def test_row_of_a_posted_code_says_what_it_is_for_and_not_whose_it_is() -> None:
    assert written_by("voting", "voter_codes_dynamodb.py") == {"code", "election", "style"}


def test_adapters_of_identity_write_nothing_of_a_ballot() -> None:
    assert written_by("identity") >= {"id", "revision"}
    assert written_by("identity") & (BALLOT_NAMES | {"salt", "code"}) == set()


def test_keys_of_the_tables_are_of_one_domain() -> None:
    def keys(template: Template) -> set[str]:
        tables = template.of_type("AWS::DynamoDB::Table").values()
        return {key["AttributeName"] for table in tables for key in table["KeySchema"]}

    assert keys(TEMPLATES["elections"]) == {"id", "part", "code", "election", "shard"}
    assert keys(TEMPLATES["voting"]) == {"nullifier"}
    of_identity = set().union(*map(keys, IDENTITY))
    assert {"id", "revision"} <= of_identity
    assert of_identity & (BALLOT_NAMES | {"code", "shard"}) == set()


# ------------------------------------------------------------------ the artefacts


def imported_by(folder: Path) -> set[str]:
    """Return the modules that the sources in a folder import, by their first two names."""
    found = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file} imports relatively"
                found.add(node.module or "")
                if node.module == "civic":
                    found |= {f"civic.{name.name}" for name in node.names}
    return {".".join(name.split(".")[:2]) for name in found}


def locked(file: str) -> set[str]:
    """Return all packages of a lock file, including dependencies."""
    text = (ROOT / file).read_text()
    assert "--hash=sha256:" in text
    return {name.lower() for name in re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.MULTILINE)}


def test_voting_artefact_holds_code_of_voting_only() -> None:
    code = ROOT / "src/voting/civic"
    assert [one.name for one in code.iterdir() if one.name != "__pycache__"] == ["voting"]
    ours = {name for name in imported_by(code) if name.startswith("civic")}
    assert ours == {"civic.contracts", "civic.runtime", "civic.voting"}


@pytest.mark.parametrize("context", ["identity", "analytics"])
def test_identity_imports_nothing_of_voting(context: str) -> None:
    found = imported_by(ROOT / f"src/{context}/civic")
    assert f"civic.{context}" in found
    assert "civic.voting" not in found


@pytest.mark.parametrize("words", ["civic.identity", "aws_encryption_sdk", "aws-encryption-sdk"])
def test_voting_artefact_names_identity_nowhere_not_even_in_a_text(words: str) -> None:
    sources = [file for file in (ROOT / "src/voting").rglob("*") if file.suffix in {".py", ".txt"}]
    assert len(sources) > 30
    assert [file.name for file in sources if words in file.read_text()] == []


def test_encryption_sdk_is_locked_for_identity_only() -> None:
    assert "aws-encryption-sdk" in locked("src/identity/requirements.txt")
    layer, voting = locked("src/shared/requirements.txt"), locked("src/voting/requirements.txt")
    assert {"cryptography", "rfc8785"} <= voting
    assert "pydantic" in layer
    assert not {"aws-encryption-sdk", "phonenumberslite", "email-validator"} & (layer | voting)


def test_functions_of_voting_are_made_of_its_artefact_and_the_layer() -> None:
    stacks = [TEMPLATES["elections"], TEMPLATES["voting"]]
    for stack in stacks:
        assert set(re.findall(r"CodeUri: (\S+)", stack.source)) == {"../src/voting"}
    functions = [one for stack in stacks for one in stack.of_type("AWS::Lambda::Function").values()]
    assert len(functions) >= 8
    for function in functions:
        layers = [logical_id(layer) for layer in function["Layers"]]
        assert [re.sub(r"[0-9a-f]{10}$", "", layer) for layer in layers] == ["RuntimeLayer"]


def test_stacks_of_voting_take_of_identity_the_bus_and_nothing_else() -> None:
    assert {exports()[end] for _, end in imports(TEMPLATES["elections"])} == {("platform", "Bus")}
    assert {exports()[end] for _, end in imports(TEMPLATES["voting"])} == {
        ("platform", "Bus"),
        ("elections", "VotingKey"),
        ("elections", "ElectionsTable"),
        ("elections", "VoterCodesTable"),
        ("elections", "TalliesTable"),
        ("elections", "BallotQueue"),
    }


def test_audit_takes_of_voting_the_ballots_and_of_identity_the_bus() -> None:
    assert {exports()[end] for _, end in imports(TEMPLATES["audit"])} == {
        ("platform", "Bus"),
        ("voting", "BallotsTable"),
    }
