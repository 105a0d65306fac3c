"""`civic-monitor anchor`: anchors the newest checkpoint once, and reports every contradiction."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from civic.monitor.anchor import command
from civic.monitor.anchor.chain import Chain
from civic.monitor.anchor.contract import Address, anchor_call, contract, log_id
from civic.monitor.anchor.sending import Payer, transact
from civic.monitor.anchor.signing import Account, sign_elsewhere
from civic.operator.main import main
from civic.terminal.failures import SetupMissing
from tests.fakes.chain import RPC, FakeNode
from tests.fakes.forked_log import ORIGIN, ForkedLog, entries, root_of

type Capture = pytest.CaptureFixture[str]

LOG = ForkedLog()
PASSWORD = "open sesame"


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> FakeNode:
    """The chain that the command uses, with accounts that need no signer."""
    node = FakeNode()
    real = command._payer

    def payer(file: Path, password_file: Path | None, max_fee: float | None) -> Payer:
        asked = real(file, password_file, max_fee)
        assert asked.account.password == PASSWORD
        name = "office" if asked.account.address.startswith("0x01") else "stranger"
        return node.payer(name, asked.most_wei)

    monkeypatch.setattr(command, "_payer", payer)
    monkeypatch.setattr(command, "Chain", lambda rpc: Chain(rpc, transport=node.transport))
    return node


@pytest.fixture
def wallet(tmp_path: Path) -> Callable[[str], list[str]]:
    """The options that name an account, by the two digits that make up its address."""

    def options(digits: str) -> list[str]:
        keystore, password = tmp_path / f"{digits}.json", tmp_path / "password"
        keystore.write_text(json.dumps({"address": digits * 20, "version": 3}))
        password.write_text(f"{PASSWORD}\n")
        return ["--account", str(keystore), "--password-file", str(password)]

    return options


@pytest.fixture
def office(wallet: Callable[[str], list[str]]) -> list[str]:
    return wallet("01")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    place = tmp_path / "log"
    LOG.publish(place, entries(5))
    return place


@pytest.fixture
def address(node: FakeNode, office: list[str], capsys: Capture) -> Address:
    del node
    assert main(["anchor", "deploy", "--rpc", RPC, *office]) == 0
    return Address(capsys.readouterr().out.strip())


def where(log: Path, address: Address) -> list[str]:
    key = ["--key", LOG.signer.vkey]
    return ["--log", str(log), *key, "--rpc", RPC, "--contract", address]


def anchor(node: FakeNode, address: Address, tree: Sequence[bytes]) -> None:
    """Anchor anything, as the contract does not see the log."""
    with Chain(RPC, transport=node.transport) as chain:
        call = anchor_call(log_id(ORIGIN), len(tree), root_of(tree))
        transact(chain, node.payer(), address, call)


def test_contract_is_put_on_the_chain(node: FakeNode, address: Address) -> None:
    assert node.codes[address] == contract().runtime


def test_newest_checkpoint_is_anchored(
    node: FakeNode, log: Path, address: Address, office: list[str], capsys: Capture
) -> None:
    assert main(["anchor", "send", *where(log, address), *office]) == 0
    LOG.publish(log, entries(300))
    assert main(["anchor", "send", *where(log, address), *office]) == 0
    assert "anchored: 300 entries in block 3" in capsys.readouterr().out
    assert len(node.events) == 2


def test_anchored_checkpoint_is_not_sent_again(
    node: FakeNode, log: Path, address: Address, office: list[str], capsys: Capture
) -> None:
    main(["anchor", "send", *where(log, address), *office])
    assert main(["anchor", "send", *where(log, address), *office]) == 0
    assert "already anchored: 5 entries" in capsys.readouterr().out
    assert node.block == 2


@pytest.mark.parametrize("shown", [(5, 2), (7, 2)])
def test_fork_is_not_sent(
    node: FakeNode,
    log: Path,
    address: Address,
    office: list[str],
    capsys: Capture,
    shown: tuple[int, int],
) -> None:
    main(["anchor", "send", *where(log, address), *office])
    LOG.publish(log, entries(*shown))
    assert main(["anchor", "send", *where(log, address), *office]) == 1
    told = capsys.readouterr().err
    held = root_of(entries(*shown)[:5]).hex()
    assert f"the first 5 entries of the log have the root {held}; since block 2 the chain" in told
    assert f"has held {root_of(entries(5)).hex()} for them\n" in told
    assert len(node.events) == 1


def test_log_that_was_set_back_is_not_sent(
    node: FakeNode, log: Path, address: Address, office: list[str], capsys: Capture
) -> None:
    main(["anchor", "send", *where(log, address), *office])
    LOG.publish(log, entries(3))
    assert main(["anchor", "send", *where(log, address), *office]) == 1
    told = "the chain has held 5 entries since block 2, but the log shows 3: it is an old copy,"
    assert f"{told} or was rolled back\n" in capsys.readouterr().err
    assert len(node.events) == 1


def test_empty_log_is_not_sent(
    node: FakeNode, tmp_path: Path, address: Address, office: list[str], capsys: Capture
) -> None:
    LOG.publish(tmp_path / "empty", [])
    assert main(["anchor", "send", *where(tmp_path / "empty", address), *office]) == 1
    assert "the log has no entries yet\n" in capsys.readouterr().err
    assert node.events == []


@pytest.mark.usefixtures("node")
def test_another_account_is_told_so(
    log: Path,
    address: Address,
    office: list[str],
    wallet: Callable[[str], list[str]],
    capsys: Capture,
) -> None:
    main(["anchor", "send", *where(log, address), *office])
    LOG.publish(log, entries(7))
    assert main(["anchor", "send", *where(log, address), *wallet("02")]) == 1
    assert "another account anchors this log" in capsys.readouterr().err


def test_fee_above_the_limit_is_not_paid(
    node: FakeNode, log: Path, address: Address, office: list[str]
) -> None:
    limit = ["--max-fee", "2.9"]
    assert main(["anchor", "send", *where(log, address), *office, *limit]) == 1
    assert node.events == []
    limit = ["--max-fee", "3"]
    assert main(["anchor", "send", *where(log, address), *office, *limit]) == 0


# ------------------------------------------------------------------ the check


def test_check_finds_each_anchor_signed(
    node: FakeNode, log: Path, address: Address, capsys: Capture
) -> None:
    for size in (5, 7, 300):
        LOG.publish(log, entries(size))
        anchor(node, address, entries(size))
    capsys.readouterr()
    assert main(["anchor", "check", *where(log, address)]) == 0
    told = capsys.readouterr().out
    assert told.count(" signed ") == 3
    assert node.payer().account.address in told


@pytest.mark.usefixtures("node")
def test_check_of_no_anchor_is_no_success(log: Path, address: Address) -> None:
    assert main(["anchor", "check", *where(log, address)]) == 1


@pytest.mark.parametrize(
    ("tree", "verdict"),
    [
        (entries(5, 2), "OTHER ROOT"),
        (entries(4), "NOT PUBLISHED"),
        (entries(8), "LOG IS SHORTER"),
    ],
    ids=["fork", "unpublished", "longer"],
)
def test_check_tells_what_the_log_does_not_show(
    node: FakeNode,
    log: Path,
    address: Address,
    capsys: Capture,
    tree: list[bytes],
    verdict: str,
) -> None:
    LOG.publish(log, entries(7))
    anchor(node, address, tree)
    assert main(["anchor", "check", *where(log, address)]) == 1
    assert f" {verdict} " in capsys.readouterr().out


def test_check_believes_no_unsigned_checkpoint(
    node: FakeNode, log: Path, address: Address, capsys: Capture
) -> None:
    anchor(node, address, entries(5))
    (log / "checkpoints/5").write_bytes(ForkedLog(seed="another's").note(entries(5)))
    assert main(["anchor", "check", *where(log, address)]) == 1
    assert " NOT SIGNED " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "place"),
    [("send", "checkpoint"), ("check", "checkpoint"), ("check", "checkpoints/5")],
)
def test_log_that_cannot_be_read_is_told(
    node: FakeNode,
    log: Path,
    address: Address,
    office: list[str],
    capsys: Capture,
    place: str,
    name: str,
) -> None:
    anchor(node, address, entries(5))
    (log / place).unlink()
    (log / place).mkdir()
    more = office if name == "send" else []
    assert main(["anchor", name, *where(log, address), *more]) == 1
    assert f"error: {place}: not a file\n" in capsys.readouterr().err


def test_tiles_that_are_not_there_are_told(
    node: FakeNode, log: Path, address: Address, office: list[str], capsys: Capture
) -> None:
    anchor(node, address, entries(5))
    (log / "checkpoint").write_bytes(LOG.note(entries(7)))
    assert main(["anchor", "send", *where(log, address), *office]) == 1
    assert "error: tile/0/000.p/7: missing\n" in capsys.readouterr().err
    assert len(node.events) == 1


@pytest.mark.usefixtures("node")
def test_other_contract_is_refused(log: Path, office: list[str], capsys: Capture) -> None:
    nowhere = Address("0x" + "ab" * 20)
    assert main(["anchor", "check", *where(log, nowhere)]) == 1
    assert main(["anchor", "send", *where(log, nowhere), *office]) == 1
    assert "not the contract that this version was made with\n" in capsys.readouterr().err


# ------------------------------------------------------------------ what is typed in


@pytest.mark.parametrize("wrong", ["", "0x12", "0x" + "g" * 40, "1" * 41])
def test_address_that_is_none_is_refused(log: Path, wrong: str) -> None:
    assert main(["anchor", "check", *where(log, Address(wrong))]) == 2


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"address": 1}', '{"address": "0x12"}'])
def test_file_that_is_no_keystore_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "key.json"
    file.write_text(content)
    asked = ["anchor", "deploy", "--rpc", RPC, "--account", str(file)]
    assert main(asked) == 2


def test_account_shows_no_secret() -> None:
    account = Account(Address("0x" + "ab" * 20), "{the key}", PASSWORD)
    assert PASSWORD not in repr(account)
    assert "the key" not in repr(account)


def test_signer_that_is_missing_is_told_how_to_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CIVIC_SIGNER", raising=False)
    with pytest.raises(
        SetupMissing, match=r"^\.venvs/anchor/bin/python, .* is missing; run `make signer`"
    ):
        sign_elsewhere(Account(Address("0x" + "ab" * 20), "{}", PASSWORD), {})
