"""How the stacks depend on each other: their imports, parameters and tables."""

import json
import tomllib
from typing import Any

import pytest

from civic.lab.schemas.wiring import BEGIN, END
from civic.stack.samconfig import parameters_of
from civic.stack.stacks import STACKS, named
from tests.templates import ROOT, TEMPLATES, Template, exports, imports

ENVIRONMENTS = ("local", "dev", "prod")
IMPORTED_BY_PARAMETER = {
    "Platform": "platform",
    "ElectionsStack": "elections",
    "VotingStack": "voting",
    "CredentialsStack": "credentials",
    "AnalyticsStack": "analytics",
}
MOST_LINES = 680
"""Those that are kept by hand in a template."""

every_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)


def tables() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    return found


def test_every_template_of_the_folder_is_a_stack() -> None:
    there = {ROOT / "template.yaml", *(ROOT / "stacks").iterdir()}
    assert {template.file for template in TEMPLATES.values()} == there


@every_template
def test_what_is_imported_is_exported_by_the_stack_that_the_parameter_names(
    template: Template,
) -> None:
    for parameter, end in imports(template):
        exporter, _ = exports()[end]
        assert exporter == IMPORTED_BY_PARAMETER[parameter]
        assert parameter in template.document["Parameters"]


def test_nothing_is_exported_that_nobody_imports() -> None:
    imported = {end for template in TEMPLATES.values() for _, end in imports(template)}
    assert imported == set(exports())


def test_what_the_platform_exports_is_used_by_more_than_one_stack() -> None:
    users: dict[str, set[str]] = {}
    for stack, template in TEMPLATES.items():
        for _, end in imports(template):
            users.setdefault(end, set()).add(stack)
    shared = [end for end, (exporter, _) in exports().items() if exporter == "platform"]
    assert shared
    assert [end for end in shared if len(users[end]) == 1] == []


def test_platform_needs_no_other_stack_and_few_need_more() -> None:
    needs = {
        stack: {parameter for parameter, _ in imports(template)}
        for stack, template in TEMPLATES.items()
    }
    assert needs.pop("platform") == set()
    assert needs.pop("registration") == {"Platform", "AnalyticsStack"}
    assert needs.pop("voting") == {"Platform", "ElectionsStack"}
    assert needs.pop("audit") == {"Platform", "VotingStack"}
    assert needs.pop("reconciliation") == {"Platform", "CredentialsStack", "AnalyticsStack"}
    assert all(parameters == {"Platform"} for parameters in needs.values())


def test_order_of_the_stacks_is_one_in_which_they_can_be_deployed() -> None:
    for stack, template in TEMPLATES.items():
        for _, end in imports(template):
            exporter, _ = exports()[end]
            assert STACKS.index(exporter) < STACKS.index(stack)


@every_template
def test_template_is_short_enough_to_be_read(template: Template) -> None:
    before, _, rest = template.source.partition(BEGIN)
    _, _, after = rest.partition(END)
    by_hand = (before + after).splitlines()
    assert len(by_hand) <= MOST_LINES


def test_parameter_of_a_name_is_the_same_in_every_template() -> None:
    # samconfig.toml gives one value for all.
    found: dict[str, set[str]] = {}
    for template in TEMPLATES.values():
        for name, parameter in template.document["Parameters"].items():
            same = {key: value for key, value in parameter.items() if key != "Description"}
            found.setdefault(name, set()).add(json.dumps(same))
    assert [name for name, forms in found.items() if len(forms) > 1] == []


def test_output_has_a_name_of_its_own_among_all_stacks() -> None:
    names = [name for template in TEMPLATES.values() for name in template.document["Outputs"]]
    assert len(names) == len(set(names))


def test_consumer_has_outputs_for_both_its_queues() -> None:
    names = {name for template in TEMPLATES.values() for name in template.document["Outputs"]}
    dead = {name.removesuffix("DlqUrl") for name in names if name.endswith("DlqUrl")}
    assert len(dead) > 10
    assert {f"{name}QueueUrl" for name in dead} < names


# ------------------------------------------------------------------ samconfig.toml


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@every_template
def test_every_stack_has_its_table_in_every_environment(
    environment: str, template: Template
) -> None:
    table = tables()[named(environment, template.stack)]["deploy"]["parameters"]
    assert table["stack_name"] == named(f"civic-{environment}", template.stack)
    assert table["template_file"].endswith(f"/build/{template.file.name}")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_stacks_of_an_environment_import_from_each_other(environment: str) -> None:
    given = parameters_of(tables()[environment]["deploy"]["parameters"])
    assert given["Environment"] == environment
    for parameter, stack in IMPORTED_BY_PARAMETER.items():
        assert given[parameter] == named(f"civic-{environment}", stack)


def test_no_table_gives_a_parameter_that_no_template_has() -> None:
    known = {name for template in TEMPLATES.values() for name in template.document["Parameters"]}
    for environment in ENVIRONMENTS:
        given = parameters_of(tables()[environment]["deploy"]["parameters"])
        assert set(given) <= known


def test_log_of_production_has_no_name_until_the_operator_gives_it_one() -> None:
    assert "Default" not in TEMPLATES["audit"].document["Parameters"]["LogOrigin"]
    assert "LogOrigin" in parameters_of(tables()["dev"]["deploy"]["parameters"])
    for stack in STACKS:
        table = tables()[named("prod", stack)]["deploy"]["parameters"]
        assert "LogOrigin" not in parameters_of(table)


def test_someone_looks_at_what_will_change_in_production() -> None:
    for stack in STACKS:
        table = tables()[named("prod", stack)]["deploy"]["parameters"]
        assert table["confirm_changeset"] is True
        assert table["disable_rollback"] is False
