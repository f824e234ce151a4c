"""What a connection to a cluster may say in a configuration, and where rollouts and routes are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from quarterdeck.providers.http.schema import Part, Text, Url
from quarterdeck.release.durations import seconds

LONGEST = 60.0
"""No answer is waited for longer than that, in seconds."""


def _limit(text: str) -> str:
    if not 0 < seconds(text) <= LONGEST:
        raise ValueError(f"must be more than nothing and at most {LONGEST:g}s")
    return text


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253),
]
"""The name of an object or a namespace (Kubernetes documentation, "Object Names and IDs"). Names go into paths."""


class ClusterConnection(Part):
    """A cluster: a context of a kubeconfig, the cluster that this program runs in, or a `url` with a `token`.

    Without any of them it is as for kubectl: `KUBECONFIG`, else `~/.kube/config`, else the service account of the pod.
    """

    kubeconfig: Path | None = None
    context: Text | None = None
    url: Url | None = None
    token: SecretStr | None = None
    ca_file: Path | None = Field(None, description="certificates in PEM form to trust instead of the system's")
    timeout: Annotated[str, AfterValidator(_limit)] = "10s"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.url is None) != (self.token is None):
            raise ValueError("url and token belong together")
        if self.url is not None and (self.kubeconfig or self.context):
            raise ValueError("give either url and token, or kubeconfig and context")
        if self.ca_file is not None and self.url is None:
            raise ValueError("ca_file is for a url; a kubeconfig has certificate-authority")
        if self.url is not None and not self.url.startswith("https://"):
            raise ValueError("url must begin with https://: a token is sent there")
        return self


class TrafficAddress(Part):
    """Where clients are divided: the canary of an Argo `rollout`, or a rule of the Gateway API's HTTPRoute `route`.

    `rule` is the place of a rule in the route, from 0, or its name; it may be left out where there is only one.
    `container` is the one whose image tells the version, where a pod has several.
    """

    namespace: Name
    rollout: Name | None = None
    container: Name | None = None
    route: Name | None = None
    rule: Text | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.rollout is None) == (self.route is None):
            raise ValueError("give either rollout or route")
        if self.rule is not None and self.route is None:
            raise ValueError("rule belongs to a route")
        if self.container is not None and self.rollout is None:
            raise ValueError("container belongs to a rollout")
        return self


class BlueGreenAddress(Part):
    """An Argo Rollout with the strategy blueGreen: what its active service leads to is production, the version that
    waits behind its preview service is staging."""

    namespace: Name
    rollout: Name
    container: Name | None = None
