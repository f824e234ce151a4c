"""The section `pipelines`: automation that runs elsewhere, and what of ours it changes."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from quarterdeck.config.checking import check, refuse_bad_names, suggestion
from quarterdeck.config.connecting import Connections
from quarterdeck.config.names import Names, held, section
from quarterdeck.config.nodes import Mapping, Node, child, dotted, nothing
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.problems import Mark, Report, shown
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Pipeline, Place

SECTION = "pipelines"
_OWN = ("connection", "environment", "environments")


class PipelineEntry(BaseModel):
    """A pipeline: where it is (all other keys are the provider's), and what of ours its runs change.

    `environment`: a run as a whole. `environments`: ours, by the host's names for them.
    """

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    connection: str
    environment: str = ""
    environments: dict[str, str] = {}


def pipelines(
    tree: Mapping, connections: Connections, names: Names, report: Report
) -> Iterator[tuple[Pipeline, Place]]:
    """What a tree declares; what is wrong with it is told to the report and left out."""
    declared = section(tree, SECTION)
    refuse_bad_names(declared, (SECTION,), report)
    for name, mark, node in declared.items():
        found = _pipeline(name, held(node, mark), (SECTION, name), connections, names, report)
        if found is not None:
            yield found


def _pipeline(
    name: str, node: Node, path: NodePath, connections: Connections, names: Names, report: Report
) -> tuple[Pipeline, Place] | None:
    entry = check(PipelineEntry, node, path, report)
    if entry is None or not isinstance(node, Mapping):
        return None
    _refuse_unknown(node, path, names, report)
    where = node.entries["connection"].mark
    parts = connections.parts(entry.connection, SECTION, where, (*path, "connection"))
    if parts is None:
        return None
    options = connections.provided(parts[SECTION], node.without(*_OWN), "connection", path)
    if options is None:
        return None
    target = TargetId("", name, pipeline=True)
    return Pipeline(name, entry.environment, entry.environments), Place(
        "pipelines", target, Address(entry.connection, options)
    )


def _refuse_unknown(node: Mapping, path: NodePath, names: Names, report: Report) -> None:
    """Environments of ours that there are none of."""
    known = names.of("environment")

    def look(text: str | None, mark: Mark, at: NodePath) -> None:
        if text and text not in known:
            report.add(mark, dotted(at), f"there is no environment {shown(text)}", suggestion(text, known))

    whole = child(node, "environment")
    if whole is not None and not nothing(whole):
        look(getattr(whole, "text", None), whole.mark, (*path, "environment"))
    theirs = child(node, "environments")
    for name, _, ours in theirs.items() if isinstance(theirs, Mapping) else ():
        look(getattr(ours, "text", None), ours.mark, (*path, "environments", name))
