"""Each import rule of pyproject.toml can fail: a wrong import is planted in the graph for it."""

from typing import Any

import grimp
import pytest
from importlinter.api import read_configuration
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract
from importlinter.domain.contract import Contract

from civic.stack.workspace import here

CONFIGURATION = read_configuration(str(here().root / "pyproject.toml"))
RULES: dict[str, dict[str, Any]] = {one["id"]: one for one in CONFIGURATION["contracts_options"]}
KINDS: dict[str, type[Contract]] = {
    "forbidden": ForbiddenContract,
    "independence": IndependenceContract,
    "layers": LayersContract,
}

PLANTED = {
    "contexts": ("civic.voting.model.ballot", "civic.identity.model.requests"),
    "rooms": ("civic.operator.staff", "civic.lab.demo.figures"),
    "layers": ("civic.audit.model.tiles", "civic.audit.usecases.lookup"),
    "analytics-layers": ("civic.analytics.joins", "civic.analytics.collecting"),
    "functions": ("civic.identity.functions.gateway", "civic.identity.functions.rights"),
    "pure": ("civic.voting.model.ballot", "boto3"),
    "encryption-sdk": ("civic.identity.usecases.access", "aws_encryption_sdk"),
    "verifier": ("civic.verifier.hashing", "civic.contracts.log_entries"),
    "monitor": ("civic.monitor.growth", "civic.operator.public_log"),
    "audited-are-not-auditors": ("civic.audit.model.tiles", "civic.verifier.merkle"),
    "terminal": ("civic.terminal.console", "civic.contracts.trace"),
    "stack": ("civic.stack.deploy", "civic.identity.errors"),
}
"""For each rule, a module and an import that it forbids."""

MORE = [
    ("functions", "civic.voting.functions.enqueuer", "civic.voting.functions.processor"),
    ("functions", "civic.audit.functions.log_writer", "civic.audit.functions.public_log"),
    ("functions", "civic.analytics.functions.collector", "civic.analytics.functions.releaser"),
    ("rooms", "civic.client.device", "civic.operator.staff"),
    ("rooms", "civic.runtime.http", "civic.terminal.console"),
    ("rooms", "civic.monitor.growth", "civic.client.device"),
    ("rooms", "civic.contracts.trace", "civic.runtime.http"),
    ("layers", "civic.identity.ports.custody", "civic.identity.adapters.pii_vault_dynamodb"),
]


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    roots = CONFIGURATION["session_options"]["root_packages"]
    return grimp.build_graph(*roots, include_external_packages=True, cache_dir=None)


def is_kept(rule: str, graph: grimp.ImportGraph) -> bool:
    options = {name: value for name, value in RULES[rule].items() if name not in {"type", "id"}}
    contract = KINDS[RULES[rule]["type"]](rule, CONFIGURATION["session_options"], options)
    return contract.check(graph, verbose=False).kept


def test_every_rule_has_an_import_planted_for_it() -> None:
    assert PLANTED.keys() == RULES.keys()


@pytest.mark.parametrize(
    ("rule", "importer", "imported"),
    [*((rule, *planted) for rule, planted in PLANTED.items()), *MORE],
)
def test_rule_notices_a_wrong_import(
    graph: grimp.ImportGraph, rule: str, importer: str, imported: str
) -> None:
    assert {importer, imported} <= graph.modules, "the planted import is of modules that are gone"
    assert is_kept(rule, graph)
    graph.add_import(importer=importer, imported=imported)
    try:
        assert not is_kept(rule, graph)
    finally:
        graph.remove_import(importer=importer, imported=imported)
