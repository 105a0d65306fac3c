from pathlib import Path

import pytest

from civic.stack.deploy import local_stacks
from civic.stack.engine import Engine
from civic.stack.fingerprint import fingerprint
from civic.stack.sam import sam_build, sam_deploy
from civic.stack.unmodelled import table_settings
from civic.stack.workspace import Workspace
from civic.terminal.failures import DeployFailed, DiskFull
from tests.unit.stack.checkout import make_checkout

PARAMETERS = {"Environment": "local"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "template.yaml").write_text("Resources: {}\n")
    (tmp_path / "src" / "identity").mkdir(parents=True)
    (tmp_path / "src" / "identity" / "handler.py").write_text("")
    (tmp_path / ".civic").mkdir()
    return tmp_path


def fake_sam(root: Path, script: str) -> Engine:
    program = root / ".venvs" / "sam" / "bin" / "sam"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Engine(Workspace(root), 14999)


def of_everything(root: Path, parameters: dict[str, str] = PARAMETERS) -> str:
    return fingerprint(root, [root / "template.yaml", root / "src" / "identity"], parameters)


def test_fingerprint_stays_while_nothing_changes(root: Path) -> None:
    before = of_everything(root)
    (root / "src" / "identity" / "__pycache__").mkdir()
    (root / "src" / "identity" / "__pycache__" / "handler.pyc").write_text("compiled")
    assert of_everything(root) == before


def test_fingerprint_changes_with_the_code(root: Path) -> None:
    before = of_everything(root)
    (root / "src" / "identity" / "handler.py").write_text("changed = True\n")
    assert of_everything(root) != before


def test_fingerprint_changes_with_a_name(root: Path) -> None:
    before = of_everything(root)
    (root / "src" / "identity" / "handler.py").rename(root / "src" / "identity" / "other.py")
    assert of_everything(root) != before


def test_fingerprint_changes_with_the_parameters(root: Path) -> None:
    assert of_everything(root) != of_everything(root, {"Environment": "dev"})


@pytest.mark.parametrize(
    ("machine", "architecture"), [("aarch64", "arm64"), ("arm64", "arm64"), ("x86_64", "x86_64")]
)
def test_functions_are_built_for_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: str, architecture: str
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    stacks = local_stacks(Workspace(make_checkout(tmp_path / "checkout")))
    assert {stack.parameters["Architecture"] for stack in stacks} == {architecture}


def test_table_settings_are_read_past_the_intrinsics(root: Path) -> None:
    template = root / "template.yaml"
    template.write_text("""
Resources:
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub "${AWS::StackName}-rows"
      DeletionProtectionEnabled: !If [FullAws, true, false]
      TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Ref Name}
""")
    settings = dict(table_settings(template))
    assert list(settings) == ["Rows"]
    assert settings["Rows"]["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


def build(engine: Engine) -> None:
    sam_build(engine.workspace, Path("artefacts.json"), Path("build"))


def test_sam_failure_ends_with_its_last_words(root: Path) -> None:
    engine = fake_sam(root, "echo first; echo 'Error: no such resource'; exit 1")
    with pytest.raises(DeployFailed, match="Error: no such resource"):
        build(engine)


def test_sam_out_of_room_is_a_full_disk(root: Path) -> None:
    engine = fake_sam(root, "echo 'OSError: [Errno 28] No space left on device'; exit 1")
    with pytest.raises(DiskFull):
        build(engine)


def test_sam_sees_the_engine_and_no_account(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    sam_deploy(fake_sam(root, "env"), "local", PARAMETERS)
    seen = (root / ".civic" / "sam-deploy-local.log").read_text()
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:14999" in seen
    assert "AWS_PROFILE" not in seen
    assert "AWS_SESSION_TOKEN" not in seen


def test_sam_keeps_its_own_bytecode(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    build(fake_sam(root, "env"))
    seen = (root / ".civic" / "sam-build.log").read_text()
    assert "PATH=" in seen
    assert "PYTHONDONTWRITEBYTECODE" not in seen
