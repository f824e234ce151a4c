"""Groups, and approvals: who may say yes, and how many it takes."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping

from pydantic import Field

from quarterdeck.config.checking import check
from quarterdeck.config.names import Names, section, written
from quarterdeck.config.nodes import Mapping, Node, Sequence, child, dotted, nothing
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.problems import Mark, Report, shown
from quarterdeck.config.quantities import Names as Many
from quarterdeck.config.quantities import Part, Span
from quarterdeck.release.approval import ApprovalRule

Groups = AbstractMapping[str, tuple[str, ...]]


def groups(tree: Mapping, report: Report) -> Groups:
    """Who belongs to which group."""
    found: dict[str, tuple[str, ...]] = {}
    for name, mark, node in section(tree, "groups").items():
        people = tuple(person for person, _, _ in written(node, ()))
        if spaced := [person for person in people if "," in person or len(person.split()) != 1]:
            hint = f"if these are several people: [{', '.join(spaced[0].replace(',', ' ').split())}]"
            report.add(mark, dotted(("groups", name)), f"{shown(spaced[0])} is no user's name", hint)
        if not nothing(node) and len(people) < (len(node.items) if isinstance(node, Sequence) else 1):
            hint = "write [ana, bo@jump-1]: names of users, or what their credentials prove"
            report.add(mark, dotted(("groups", name)), "must be a list of people", hint)
        found[name] = people
    return found


class ApprovalEntry(Part):
    """What an approval takes; see `release.approval.ApprovalRule`."""

    required: int = Field(default=1, ge=1)
    groups: Many = Field(default=(), alias="from")
    self_approval: bool = False
    expires_after: Span | None = None
    skippable_by: Many = ()
    note: str = ""


class Approvals:
    """All approval rules: those that are declared by name, and those that stand where they are used."""

    def __init__(self, tree: Mapping, people: Groups, names: Names, report: Report) -> None:
        self._people, self._names, self._report = people, names, report
        self.rules: list[ApprovalRule] = []
        for name, mark, node in section(tree, "approvals").items():
            self._rule(name, mark, node, ("approvals", name))

    def named(self, node: Node | None, path: NodePath, own: str) -> str:
        """The name of the rule that a node means: it names one, or it is one itself, and gets the name `own`."""
        if node is None or nothing(node):
            return ""
        if isinstance(node, Mapping):
            if self._names.add("approval", own, node.mark, path):
                self._names.use("approval", own)
                self._rule(own, node.mark, node, path)
            return own
        if isinstance(node, Sequence):
            self._report.add(node.mark, dotted(path), "must be the name of an approval, or one itself", _EXAMPLE)
            return ""
        return next(iter(self._names.refer("approval", node, path)), "")

    def _rule(self, name: str, mark: Mark, node: Node, path: NodePath) -> None:
        entry = check(ApprovalEntry, Mapping(mark) if nothing(node) else node, path, self._report)
        groups = self._names.refer("group", child(node, "from"), (*path, "from"))
        skippable = self._names.refer("group", child(node, "skippable_by"), (*path, "skippable_by"))
        if entry is None:
            return
        rule = ApprovalRule(
            name, entry.required, groups, entry.self_approval, entry.expires_after, skippable, entry.note
        )
        self.rules.append(rule)
        if entry.groups and not self._report.below(dotted(path)):
            self._possible(rule, mark, path)

    def _possible(self, rule: ApprovalRule, mark: Mark, path: NodePath) -> None:
        """Warn of what can't be approved by anybody, or not by the only one who may."""
        people = {person.partition("@")[0].lower() for group in rule.groups for person in self._people.get(group, ())}
        who = " and ".join(map(shown, rule.groups))
        if len(people) < rule.required:
            message = f"can never be given: it takes {rule.required} of {who}, who are {len(people)}"
            self._report.warn(mark, dotted(path), message, "add people to the group, or ask for fewer")
        elif len(people) == 1 and not rule.self_approval:
            message = f"{shown(next(iter(people)))} alone may approve, and not what they start themselves"
            self._report.warn(mark, dotted(path), message, f"add somebody to {who}, or say `self_approval: true`")


_EXAMPLE = "write NAME or {required: 1, from: [GROUP]}"
