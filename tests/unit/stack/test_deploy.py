"""What is built and deployed, when, and in which order."""

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from civic.stack.deploy import deploy, in_order
from civic.stack.samconfig import Deployment
from civic.terminal.failures import DeployFailed
from tests.unit.stack.checkout import (
    EVERY_STACK,
    EVERY_TABLE,
    account,
    calls,
    engine_of,
    make_checkout,
)

NOWHERE = account()
EVERYWHERE = account(EVERY_STACK)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_checkout(tmp_path / "checkout")


@pytest.fixture
def deployed(root: Path) -> Path:
    """A checkout of which every stack is deployed in its current form."""
    deploy(NOWHERE, engine_of(root))
    calls(root)
    return root


def test_everything_is_built_once_and_then_every_stack_deployed(root: Path) -> None:
    assert deploy(NOWHERE, engine_of(root)) == EVERY_STACK
    built, *stacks = calls(root)
    assert built == "build"
    assert sorted(stacks) == sorted(EVERY_TABLE)


def test_what_was_built_serves_all_engines_of_a_checkout(deployed: Path, tmp_path: Path) -> None:
    assert deploy(NOWHERE, engine_of(deployed, tmp_path / "other")) == EVERY_STACK
    assert sorted(calls(deployed)) == sorted(EVERY_TABLE)


def test_nothing_is_done_when_nothing_changed(deployed: Path) -> None:
    assert deploy(EVERYWHERE, engine_of(deployed)) == []
    assert calls(deployed) == []


@pytest.mark.parametrize(
    ("changed", "stacks"),
    [
        ("src/voting", ["civic-local-elections", "civic-local-voting"]),
        ("src/analytics", ["civic-local-analytics"]),
        (
            "src/identity",
            [
                *["civic-local-platform", "civic-local", "civic-local-accountability"],
                *["civic-local-credentials", "civic-local-proofing", "civic-local-reconciliation"],
            ],
        ),
        ("src/shared", EVERY_STACK),
    ],
)
def test_only_the_stacks_that_ship_what_changed_are_deployed_again(
    deployed: Path, changed: str, stacks: list[str]
) -> None:
    (deployed / changed / "handler.py").write_text("changed = True\n")
    assert deploy(EVERYWHERE, engine_of(deployed)) == stacks
    built, *again = calls(deployed)
    assert built == "build"
    assert len(again) == len(stacks)


def test_stack_whose_template_changed_is_deployed_again(deployed: Path) -> None:
    template = deployed / "stacks" / "audit.yaml"
    template.write_text(template.read_text() + "  # another one\n")
    assert deploy(EVERYWHERE, engine_of(deployed)) == ["civic-local-audit"]


def test_stack_whose_parameters_changed_is_deployed_again(deployed: Path) -> None:
    tables = deployed / "samconfig.toml"
    text = tables.read_text()
    tables.write_text(
        text.replace("VotingStack=civic-local-voting", "VotingStack=civic-other-voting")
    )
    # The other templates have no such parameter.
    assert deploy(EVERYWHERE, engine_of(deployed)) == ["civic-local-audit"]


def test_stack_that_somebody_deleted_is_deployed_again(deployed: Path) -> None:
    left = account(name for name in EVERY_STACK if name != "civic-local-credentials")
    assert deploy(left, engine_of(deployed)) == ["civic-local-credentials"]


def test_failed_build_is_built_again(root: Path) -> None:
    refusal = root / "refuse-build"
    refusal.touch()
    with pytest.raises(DeployFailed):
        deploy(NOWHERE, engine_of(root))
    assert calls(root) == ["build"]
    refusal.unlink()
    assert deploy(NOWHERE, engine_of(root)) == EVERY_STACK
    assert calls(root)[0] == "build"


def test_failed_deployment_stops_what_would_follow_and_is_tried_again(root: Path) -> None:
    refusal = root / "refuse-deploy"
    refusal.touch()
    with pytest.raises(DeployFailed):
        deploy(NOWHERE, engine_of(root))
    assert calls(root) == ["build", "deploy local-platform"]
    refusal.unlink()
    assert deploy(NOWHERE, engine_of(root)) == EVERY_STACK
    assert sorted(calls(root)) == sorted(EVERY_TABLE)


# ------------------------------------------------------------------ the order


def stack(name: str, **parameters: str) -> Deployment:
    return Deployment(name, name, Path("template"), Path("built"), parameters)


STACKS: Mapping[str, Deployment] = {
    one.name: one
    for one in (
        stack("platform"),
        stack("elections", Platform="platform"),
        stack("voting", Platform="platform", ElectionsStack="elections"),
        stack("analytics", Platform="platform"),
        stack("audit", Platform="platform", VotingStack="voting"),
    )
}


def test_no_stack_is_begun_before_those_it_imports_from_are_done() -> None:
    done: list[str] = []

    def work(one: Deployment) -> None:
        assert one.after(STACKS) <= set(done)
        done.append(one.name)

    in_order(STACKS, work)
    assert done[0] == "platform"
    assert sorted(done) == sorted(STACKS)


def test_stacks_that_do_not_need_each_other_are_deployed_side_by_side() -> None:
    both = threading.Barrier(2, timeout=10)

    def work(one: Deployment) -> None:
        if one.name in {"elections", "analytics"}:
            both.wait()

    in_order(STACKS, work)


def test_stack_is_not_held_back_by_one_that_is_not_deployed_now() -> None:
    done: list[str] = []
    in_order({"audit": STACKS["audit"]}, lambda one: done.append(one.name))
    assert done == ["audit"]


@pytest.mark.parametrize("error", [DeployFailed, KeyboardInterrupt])
def test_after_a_failure_or_an_interrupt_no_other_is_begun(error: type[BaseException]) -> None:
    begun: list[str] = []

    def work(one: Deployment) -> None:
        begun.append(one.name)
        raise error

    with pytest.raises(error):
        in_order(STACKS, work)
    assert begun == ["platform"]
