"""An account of AWS as moto plays it: what somebody else has set up there, and changes.

moto answers with the right shapes, and takes any nonsense: it proves what we ask and understand, and no refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Any

import boto3  # type: ignore[import-untyped]

REGION = "eu-west-1"
KEY = "AKIAQUARTERDECK00001"
"""Good for nothing anywhere."""


class Admin:
    """Somebody else with rights to everything. Clients are kept: making one takes a tenth of a second and more."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._clients: dict[str, Any] = {}
        self._numbers = count(81)

    def __getattr__(self, service: str) -> Any:
        if service not in self._clients:
            session = boto3.session.Session(KEY, "secret", region_name=REGION)
            self._clients[service] = session.client(service, endpoint_url=self.url)
        return self._clients[service]

    def another(self) -> int:
        """A number that wasn't given before, for a port, a priority, or a name."""
        return next(self._numbers)

    @cached_property
    def network(self) -> tuple[str, list[str]]:
        """The id of a VPC, and two subnets of it."""
        subnets = self.ec2.describe_subnets()["Subnets"][:2]
        return subnets[0]["VpcId"], [one["SubnetId"] for one in subnets]

    def balancer(self, name: str = "shop") -> str:
        """The ARN of a new load balancer."""
        _, subnets = self.network
        return str(self.elbv2.create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"])

    def group(self, name: str, targets: int = 1) -> str:
        """The ARN of a new target group; moto finds every target healthy."""
        vpc, _ = self.network
        made = self.elbv2.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
        arn = str(made["TargetGroups"][0]["TargetGroupArn"])
        if targets:
            ids = [{"Id": f"10.0.0.{number + 1}"} for number in range(targets)]
            self.elbv2.register_targets(TargetGroupArn=arn, Targets=ids)
        return arn

    def listener(self, balancer: str, *actions: Mapping[str, Any]) -> str:
        """The ARN of a new listener that does these actions by default."""
        made = self.elbv2.create_listener(
            LoadBalancerArn=balancer, Protocol="HTTP", Port=self.another(), DefaultActions=list(actions)
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def rule(self, listener: str, *actions: Mapping[str, Any]) -> str:
        """The ARN of a new rule for the path `/NUMBER/*`."""
        number = self.another()
        conditions = [{"Field": "path-pattern", "Values": [f"/{number}/*"]}]
        made = self.elbv2.create_rule(
            ListenerArn=listener, Priority=number, Conditions=conditions, Actions=list(actions)
        )
        return str(made["Rules"][0]["RuleArn"])

    def default_actions(self, listener: str) -> list[dict[str, Any]]:
        found = self.elbv2.describe_listeners(ListenerArns=[listener])["Listeners"][0]
        return list(found["DefaultActions"])

    def weights(self, arn: str) -> list[int]:
        """Of the groups of a listener or a rule, in their order."""
        if ":listener-rule/" in arn:
            actions = self.elbv2.describe_rules(RuleArns=[arn])["Rules"][0]["Actions"]
        else:
            actions = self.default_actions(arn)
        return [group["Weight"] for group in actions[-1]["ForwardConfig"]["TargetGroups"]]

    def zone(self, name: str = "example.com") -> str:
        """The id of a new hosted zone."""
        made = self.route53.create_hosted_zone(Name=name, CallerReference=str(self.another()))
        return str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")

    def records(self, zone: str, *records: Mapping[str, Any], action: str = "UPSERT") -> None:
        changes = [{"Action": action, "ResourceRecordSet": dict(one)} for one in records]
        self.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})

    def record_weights(self, zone: str, name: str, kind: str = "A") -> dict[str, int]:
        found = self.route53.list_resource_record_sets(HostedZoneId=zone, StartRecordName=name, StartRecordType=kind)
        return {
            one["SetIdentifier"]: one["Weight"]
            for one in found["ResourceRecordSets"]
            if one["Name"] == f"{name}." and one["Type"] == kind
        }


def forward(*groups: tuple[str, int], sticky: int = 0, **more: Any) -> dict[str, Any]:
    """A forward action to groups by weight."""
    tuples = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups]
    config: dict[str, Any] = {"TargetGroups": tuples}
    if sticky:
        config["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": sticky}
    return {"Type": "forward", "ForwardConfig": config, **more}


def record(name: str, which: str, weight: int, value: str = "192.0.2.1", **more: Any) -> dict[str, Any]:
    """A weighted record."""
    kind = "AAAA" if ":" in value else "A"
    about = {"Name": name, "Type": kind, "SetIdentifier": which, "Weight": weight}
    return {**about, "TTL": 60, "ResourceRecords": [{"Value": value}], **more}


@dataclass(frozen=True)
class Shop:
    """What most tests begin with: one listener with blue at 90 and green at 10, one name with the same weights."""

    admin: Admin
    balancer: str
    blue: str
    green: str
    listener: str
    zone: str
    name: str = "shop.example.com"

    @classmethod
    def founded(cls, admin: Admin) -> Shop:
        balancer, blue, green = admin.balancer(), admin.group("blue"), admin.group("green")
        listener = admin.listener(balancer, forward((blue, 90), (green, 10), sticky=300))
        return cls(admin, balancer, blue, green, listener, "")

    def restored(self) -> Shop:
        """As it was in the beginning, with a zone of its own: moto 5.2.5 takes a DELETE for one of all records in the
        zone that have the same set identifier, and refuses a CREATE that it has seen before."""
        ninety = forward((self.blue, 90), (self.green, 10), sticky=300)
        self.admin.elbv2.modify_listener(ListenerArn=self.listener, DefaultActions=[ninety])
        self.admin.elbv2.register_targets(TargetGroupArn=self.green, Targets=[{"Id": "10.0.0.1"}])
        zone = self.admin.zone()
        first = record(self.name, "blue", 90, "192.0.2.1"), record(self.name, "green", 10, "192.0.2.2")
        self.admin.records(zone, *first)
        return replace(self, zone=zone)
