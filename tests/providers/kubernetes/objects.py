"""Objects as they stand in a cluster, and the definitions of their kinds.

The fields are those of the published kinds: Rollout of `argoproj.io/v1alpha1` (its specification and its examples of
canary, blue-green and aborted rollouts), HTTPRoute of `gateway.networking.k8s.io/v1` (with the limits of `weight`).
"""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

STEPS = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 40}, {"pause": {}}, {"setWeight": 80}, {"pause": {}}]


def kinds() -> list[Object]:
    """Custom resource definitions, as far as servers of every age understand them."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    weight = {"type": "integer", "minimum": 0, "maximum": 1_000_000, "default": 1}
    backend = {**anything, "properties": {"name": {"type": "string"}, "weight": weight}, "required": ["name"]}
    rule = {**anything, "properties": {"backendRefs": {"type": "array", "items": backend}}}
    routes = {**anything, "properties": {"rules": {"type": "array", "items": rule}}}
    rollouts = {**anything, "properties": {"replicas": {"type": "integer"}, "paused": {"type": "boolean"}}}
    return [
        _kind("gateway.networking.k8s.io", "HTTPRoute", "httproutes", "v1", routes),
        _kind("argoproj.io", "Rollout", "rollouts", "v1alpha1", rollouts),
    ]


def _kind(group: str, kind: str, plural: str, version: str, spec: Object) -> Object:
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {
        "name": version,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for tests"},
        },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "versions": [served],
        },
    }


def rollout(name: str, strategy: Object, image: str = "shop/web:1.0", replicas: int = 5) -> Object:
    labels = {"app": name}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": strategy,
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": image}]}},
        },
    }


def canary(name: str, steps: list[Object] | None = None, *, routed: bool = True, **more: Any) -> Object:
    """A Rollout that is a canary; routed by a traffic router, or by the number of its pods."""
    router = {"canaryService": f"{name}-canary", "stableService": name, "trafficRouting": {"nginx": {}}}
    return rollout(name, {"canary": {**(router if routed else {}), "steps": STEPS if steps is None else steps}}, **more)


def blue_green(name: str, **more: Any) -> Object:
    declared = {"activeService": name, "previewService": f"{name}-preview", "autoPromotionEnabled": False}
    return rollout(name, {"blueGreen": {**declared, **more}})


def replica_set(owner: Object, hash_: str, image: str, wanted: int) -> Object:
    """The pods of one version of a Rollout."""
    name, labels = owner["metadata"]["name"], {"app": owner["metadata"]["name"], "rollouts-pod-template-hash": hash_}
    reference = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": name, "uid": owner["metadata"]["uid"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name}-{hash_}",
            "labels": labels,
            "ownerReferences": [{**reference, "controller": True}],
        },
        "spec": {
            "replicas": wanted,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": image}]}},
        },
    }


def endpoints(service: str, *ready: bool) -> Object:
    """A slice of a Service, with endpoints that are ready or not."""
    return {
        "metadata": {"name": f"{service}-x", "labels": {"kubernetes.io/service-name": service}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [f"10.0.0.{at}"], "conditions": {"ready": one}} for at, one in enumerate(ready)],
    }


def route(name: str, *rules: dict[str, int], **labels: str) -> Object:
    """A route whose rules divide clients by weight."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "parentRefs": [{"name": "public"}],
            "hostnames": [f"{name}.example"],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": f"/{at}"}}],
                    "backendRefs": [{"name": one, "port": 80, "weight": weight} for one, weight in its.items()],
                }
                for at, its in enumerate(rules)
            ],
        },
    }
