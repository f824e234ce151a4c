"""Names of AWS's resources, taken apart. Pure.

The forms are those of the Service Authorization Reference, "Elastic Load Balancing V2" and "Amazon Route 53".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LISTENER = re.compile(
    r"(?P<head>arn:(?P<partition>aws[a-z-]*):elasticloadbalancing:(?P<region>[a-z0-9-]+):(?P<account>\d{12})):"
    r"(?P<kind>listener|listener-rule)/(?P<balancer>app/[A-Za-z0-9-]+/[0-9a-f]+)/(?P<listener>[0-9a-f]+)"
    r"(?:/(?P<rule>[0-9a-f]+))?"
)
_GROUP = re.compile(
    r"arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup/(?P<name>[A-Za-z0-9-]+)/[0-9a-f]+"
)
_ASSUMED = re.compile(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([\w+=,.@-]+)/.+")


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Where an Application Load Balancer decides: the default of a listener, or a rule of it ("" for none).

    All are ARNs but the region.
    """

    region: str
    balancer: str
    listener: str
    rule: str = ""

    @property
    def arn(self) -> str:
        """What to change."""
        return self.rule or self.listener


def forwarding_of(arn: str) -> Forwarding:
    """Raises ValueError for what is neither a listener nor a rule of an Application Load Balancer."""
    found = _LISTENER.fullmatch(arn)
    if found is None or (found["kind"] == "listener-rule") != (found["rule"] is not None):
        raise ValueError("must be the ARN of a listener or of a rule of an Application Load Balancer")
    listener = f"{found['head']}:listener/{found['balancer']}/{found['listener']}"
    balancer = f"{found['head']}:loadbalancer/{found['balancer']}"
    return Forwarding(found["region"], balancer, listener, arn if found["rule"] else "")


def target_group_name(arn: str) -> str:
    """The name in the ARN of a target group; names are unique in a region of an account. "" if it isn't one."""
    found = _GROUP.fullmatch(arn)
    return found["name"] if found else ""


def partition_of(arn: str) -> str:
    """`aws`, `aws-cn`, `aws-us-gov`, ..."""
    return arn.split(":")[1] if arn.count(":") >= 2 else "aws"


def principal_of(arn: str) -> str:
    """Whose policies count for an identity as STS tells it: for a session, the role that was assumed.

    The path of a role isn't in the name of its session, so that the role of a session may not be found by this ARN.
    """
    found = _ASSUMED.fullmatch(arn)
    return f"arn:{found[1]}:iam::{found[2]}:role/{found[3]}" if found else arn
