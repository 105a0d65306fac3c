"""What the voting template alone promises: when a sealed box is counted."""

from civic.voting.usecases.polls import LIFETIME
from tests.templates import TEMPLATES, logical_id

VOTING = TEMPLATES["voting"]


def test_sealed_box_is_counted_once_no_processor_can_still_believe_it_open() -> None:
    (mapping,) = (
        one
        for one in VOTING.of_type("AWS::Lambda::EventSourceMapping").values()
        if logical_id(one["FunctionName"]) == "CounterFunction"
    )
    assert logical_id(mapping["EventSourceArn"]) == "CounterQueue"
    delay = VOTING.of_type("AWS::SQS::Queue")["CounterQueue"]["DelaySeconds"]
    assert delay["Fn::FindInMap"][::2] == ["Consumers", "SealingSeconds"]
    seconds = {
        name: row["SealingSeconds"]
        for name, row in VOTING.document["Mappings"]["Consumers"].items()
    }
    longest = VOTING.of_type("AWS::Lambda::Function")["ProcessorFunction"]["Timeout"]
    for environment in ("dev", "prod"):
        assert seconds[environment] >= LIFETIME.total_seconds() + longest
    # Locally no invocation takes long, but the cache is the same.
    assert seconds["local"] > LIFETIME.total_seconds()
