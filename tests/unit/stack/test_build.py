"""The input of `sam build`, and what its output becomes for `sam deploy`."""

import json
from pathlib import Path

import pytest
import yaml

from civic.stack.build import artefact, build, code_roots
from civic.stack.deploy import local_stacks
from civic.stack.samconfig import deployments
from civic.stack.template import read_template
from civic.stack.workspace import Workspace, here
from tests.unit.stack.checkout import ROOTS, calls, make_checkout


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(make_checkout(tmp_path / "checkout"))
    workspace.state.mkdir()
    return workspace


def test_every_code_root_is_built_once_and_the_layer_once(workspace: Workspace) -> None:
    build(workspace, local_stacks(workspace))
    assert calls(workspace.root) == ["build"]
    recipe = json.loads((workspace.artefacts / "artefacts.json").read_text())["Resources"]
    kinds = {name: one["Type"].rpartition("::")[2] for name, one in recipe.items()}
    assert kinds == {
        "Shared": "LayerVersion",
        **dict.fromkeys(("Identity", "Analytics", "Voting", "Audit"), "Function"),
    }
    roots = {one["Properties"].get("CodeUri") for one in recipe.values()} - {None}
    assert roots == {str(workspace.root / "src" / root) for root in ROOTS.values()}


def test_what_was_built_is_compiled_for_its_place_on_lambda(workspace: Workspace) -> None:
    build(workspace, local_stacks(workspace))
    folder = workspace.artefacts / "build"
    for name in ("Shared", "Identity", "Analytics", "Voting", "Audit"):
        (bytecode,) = (folder / name).rglob("*.pyc")
        place = "/opt" if name == "Shared" else "/var/task"
        assert f"{place}/handler.py".encode() in bytecode.read_bytes()


def test_everything_is_built_for_one_architecture(workspace: Workspace) -> None:
    stacks = deployments(workspace, "local", {"Architecture": "arm64"})
    build(workspace, stacks)
    recipe = json.loads((workspace.artefacts / "artefacts.json").read_text())["Resources"]
    layer = recipe.pop("Shared")
    assert layer["Metadata"] == {"BuildMethod": "python3.13", "BuildArchitecture": "arm64"}
    assert layer["Properties"]["CompatibleArchitectures"] == ["arm64"]
    for function in recipe.values():
        assert function["Properties"]["Architectures"] == ["arm64"]
        assert function["Properties"]["Runtime"] == "python3.13"


def test_built_template_differs_in_what_it_ships_alone(workspace: Workspace) -> None:
    stacks = local_stacks(workspace)
    build(workspace, stacks)
    for stack in stacks:
        written, built = stack.template.read_text(), stack.built.read_text()
        names = {f"{artefact(root)}.zip" for root in code_roots(stack.template)}
        assert len(names) == 2
        for line, other in zip(written.splitlines(), built.splitlines(), strict=True):
            if line != other:
                key, _, value = other.strip().partition(": ")
                assert key in {"CodeUri", "ContentUri"}
                assert value in names
        assert "src/" not in built


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
def test_every_path_of_the_real_templates_is_found_and_there(environment: str) -> None:
    stacks = deployments(here(), environment, {"Architecture": "arm64"})
    for stack in stacks:
        document = read_template(stack.template)
        named = [
            resource["Properties"][key]
            for resource in document["Resources"].values()
            for key in ("CodeUri", "ContentUri")
            if key in resource.get("Properties", {})
        ]
        roots = code_roots(stack.template)
        assert roots == {(stack.template.parent / path).resolve() for path in named}
        assert all((root / "civic").is_dir() for root in roots)
    assert len({artefact(root) for stack in stacks for root in code_roots(stack.template)}) == 5


def test_parameters_are_those_that_the_template_has() -> None:
    for stack in deployments(here(), "prod", {"Architecture": "arm64"}):
        known = yaml.safe_load(json.dumps(read_template(stack.template)["Parameters"]))
        assert set(stack.parameters) <= set(known)
        assert "Architecture" in stack.parameters
