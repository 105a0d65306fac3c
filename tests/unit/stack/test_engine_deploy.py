from pathlib import Path

import pytest

from civic.stack.deploy import local_parameters
from civic.stack.engine import Engine
from civic.stack.fingerprint import fingerprint
from civic.stack.sam import Sam
from civic.stack.unmodelled import table_settings
from civic.stack.workspace import Workspace
from civic.terminal.failures import DeployFailed, DiskFull

PARAMETERS = ["Environment=local"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "template.yaml").write_text("Resources: {}\n")
    (tmp_path / "src" / "identity").mkdir(parents=True)
    (tmp_path / "src" / "identity" / "handler.py").write_text("")
    (tmp_path / ".civic").mkdir()
    return tmp_path


def fake_sam(root: Path, script: str) -> Sam:
    program = root / ".venvs" / "sam" / "bin" / "sam"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Sam(Engine(Workspace(root), 14999), "local")


def test_fingerprint_stays_while_nothing_changes(root: Path) -> None:
    before = fingerprint(root, PARAMETERS)
    (root / "src" / "identity" / "__pycache__").mkdir()
    (root / "src" / "identity" / "__pycache__" / "handler.pyc").write_text("compiled")
    assert fingerprint(root, PARAMETERS) == before


def test_fingerprint_changes_with_the_code(root: Path) -> None:
    before = fingerprint(root, PARAMETERS)
    (root / "src" / "identity" / "handler.py").write_text("changed = True\n")
    assert fingerprint(root, PARAMETERS) != before


def test_fingerprint_changes_with_a_name(root: Path) -> None:
    before = fingerprint(root, PARAMETERS)
    (root / "src" / "identity" / "handler.py").rename(root / "src" / "identity" / "other.py")
    assert fingerprint(root, PARAMETERS) != before


def test_fingerprint_changes_with_the_parameters(root: Path) -> None:
    assert fingerprint(root, PARAMETERS) != fingerprint(root, ["Environment=dev"])


@pytest.mark.parametrize(
    ("machine", "architecture"), [("aarch64", "arm64"), ("arm64", "arm64"), ("x86_64", "x86_64")]
)
def test_functions_are_built_for_this_machine(
    root: Path, monkeypatch: pytest.MonkeyPatch, machine: str, architecture: str
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    (root / "samconfig.toml").write_text(
        '[local.deploy.parameters]\nparameter_overrides = ["Environment=local"]\n'
    )
    assert local_parameters(Workspace(root)) == [
        "Environment=local",
        f"Architecture={architecture}",
    ]


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


def test_sam_failure_ends_with_its_last_words(root: Path) -> None:
    sam = fake_sam(root, "echo first; echo 'Error: no such resource'; exit 1")
    with pytest.raises(DeployFailed, match="Error: no such resource"):
        sam.build(PARAMETERS)


def test_sam_out_of_room_is_a_full_disk(root: Path) -> None:
    sam = fake_sam(root, "echo 'OSError: [Errno 28] No space left on device'; exit 1")
    with pytest.raises(DiskFull):
        sam.build(PARAMETERS)


def test_sam_sees_the_engine_and_no_account(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    sam = fake_sam(root, "env")
    sam.deploy(PARAMETERS)
    seen = (root / ".civic" / "sam-deploy-local.log").read_text()
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:14999" in seen
    assert "AWS_PROFILE" not in seen
    assert "AWS_SESSION_TOKEN" not in seen
