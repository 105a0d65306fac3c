from tests.fakes.fixtures import aws

__all__ = ["aws"]
