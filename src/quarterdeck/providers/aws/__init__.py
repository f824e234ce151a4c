"""Amazon Web Services: weighted target groups of an Application Load Balancer, weighted records of Route 53.

Importing this package imports neither boto3 nor a model: only a runner needs them, and boto3 is an extra.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, ProviderError, Session, SessionContext

ALB = "aws.alb"
ROUTE53 = "aws.route53"


class AwsProvider:
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (ALB, ROUTE53)

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.aws import schema

        traffic = schema.RecordAddress if name == ROUTE53 else schema.ForwardAddress
        return {"connection": schema.AwsConnection, "traffic": traffic}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.aws.session import open_session

        return open_session(connection, context)

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        """The sandbox plays no AWS: emulators exist, and take an `endpoint_url`.

        Raises:
            ProviderError: misconfigured, always.
        """
        raise ProviderError(
            "misconfigured",
            "the sandbox has no AWS",
            "start an emulator of AWS, give the connection its `endpoint_url`, and leave --sandbox out",
        )


provider: Provider = AwsProvider()
