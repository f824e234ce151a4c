"""Who else writes an object: what would take back a change of ours.

Argo CD tracks by an annotation or a label, Flux labels what it applies, Helm what it installs (their documentation:
"Resource Tracking", "Kustomization", "Labels and Annotations"). The managers of fields tell too, but not for long:
lists such as the rules of a route have one owner as a whole, and the first write of ours takes that over (measured
with kube-apiserver 1.20.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.fleet.text import clean
from quarterdeck.release.plan import Risk

_MANAGERS = {
    "argocd-controller": "Argo CD",
    "argocd-application-controller": "Argo CD",
    "kustomize-controller": "Flux",
    "helm-controller": "Flux",
}
"""By the names under which GitOps tools apply."""


def gitops_of(metadata: Mapping[str, Any]) -> str:
    """The tool that keeps an object as a repository has it, with what it calls it; "" if none is known."""
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    if tracked := annotations.get("argocd.argoproj.io/tracking-id"):
        return f"Argo CD ({clean(str(tracked).partition(':')[0], 60)})"
    if name := labels.get("argocd.argoproj.io/instance"):
        return f"Argo CD ({clean(str(name), 60)})"
    for kind in ("kustomize", "helm"):
        if name := labels.get(f"{kind}.toolkit.fluxcd.io/name"):
            return f"Flux ({clean(str(name), 60)})"
    for entry in metadata.get("managedFields") or ():
        if (tool := _MANAGERS.get(str(entry.get("manager")))) and "f:spec" in (entry.get("fieldsV1") or {}):
            return tool
    return ""


def taken_back(metadata: Mapping[str, Any], what: str) -> tuple[Risk, ...]:
    """The risk that a change of the declaration doesn't stay."""
    tool = gitops_of(metadata)
    if not tool:
        return ()
    text = f"{tool} keeps {what} as its repository has it: the next sync takes this change back"
    return (Risk("warning", "gitops", text, "change it in the repository, or have the tool ignore the weights"),)
