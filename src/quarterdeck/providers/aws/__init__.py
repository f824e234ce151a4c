"""Amazon Web Services: weighted target groups of an Application Load Balancer, weighted records of Route 53.

Importing this package imports neither boto3 nor a model: only a runner needs them, and boto3 is an extra.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, Session, SessionContext
from quarterdeck.providers.unplayed import Unplayed

ALB = "aws.alb"
ROUTE53 = "aws.route53"


class AwsProvider(Unplayed):
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (ALB, ROUTE53)
    lacking = "AWS"
    instead = "start an emulator of AWS, give the connection its `endpoint_url`"

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.aws import schema

        traffic = schema.RecordAddress if name == ROUTE53 else schema.ForwardAddress
        return {"connection": schema.AwsConnection, "traffic": traffic}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.aws.session import open_session

        return open_session(connection, context)


provider: Provider = AwsProvider()
