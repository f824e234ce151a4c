"""One YAML file to a tree of nodes, with limits that no honest configuration reaches.

It works on YAML's events and so never builds what it refuses: nesting, aliases that multiply, and objects are
turned away as they come.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import yaml

from quarterdeck.config.nodes import Mapping, Node, Scalar, Sequence
from quarterdeck.config.problems import Mark, Report, shown

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_NODES = 100_000

_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE = "<<"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(path: Path, report: Report) -> Mapping | None:
    """The mapping that a file holds; None after telling the report what is wrong with it."""
    file = str(path)
    text = _text(path, report)
    if text is None:
        return None
    builder = _Builder(file, report)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            builder.take(event)
    except _GiveUp:
        return None
    except yaml.YAMLError as error:
        _syntax(file, text, error, report)
        return None
    root = builder.root
    if root is None or (isinstance(root, Scalar) and root.text is None):
        report.add(Mark(file), "", "the file is empty", "it must hold keys, for example `fleet: NAME`")
        return None
    if not isinstance(root, Mapping):
        report.add(root.mark, "", "the file must hold keys with values", "begin it with `fleet: NAME`")
        return None
    return root


def _text(path: Path, report: Report) -> str | None:
    file = str(path)
    try:
        if path.exists() and not path.is_file():
            report.add(Mark(file), "", "this is not a file", "give the path of a YAML file")
            return None
        size = path.stat().st_size
        if size > MAX_BYTES:
            _too_big(file, size, report)
            return None
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        report.add(Mark(file), "", f"the file can't be read: {reason}", "check its name and who may read it")
        return None
    if len(data) > MAX_BYTES:
        _too_big(file, len(data), report)
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        hint = "it is UTF-16; save it as UTF-8" if wide else "save the file as UTF-8"
        message = f"not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}"
        report.add(Mark(file, line, column), "", message, hint)
        return None


def _too_big(file: str, size: int, report: Report) -> None:
    message = f"the file is too big: {size:,} bytes, at most {MAX_BYTES:,} are read"
    report.add(Mark(file), "", message, "is this the right file? A large fleet is divided with `include:`")


def _syntax(file: str, text: str, error: yaml.YAMLError, report: Report) -> None:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:  # the reader found a character that YAML forbids
        at = next((i for i, char in enumerate(text) if not (char.isprintable() or char in "\t\r\n\x85")), 0)
        line = text.count("\n", 0, at) + 1
        column = at - (text.rfind("\n", 0, at) + 1) + 1
        message = f"a control character is in the file: {shown(text[at : at + 1])}"
        report.add(Mark(file, line, column), "", message, "remove it")
        return
    for number, line_text in enumerate(text.split("\n")[: mark.line + 1], start=1):
        indent = line_text[: len(line_text) - len(line_text.lstrip(" \t"))]
        if "\t" in indent:
            where = Mark(file, number, indent.index("\t") + 1)
            report.add(where, "", "a tab is used to indent", "YAML is indented with spaces; replace the tab")
            return
    said = getattr(error, "problem", None) or "this is not YAML"
    context = getattr(error, "context", None)
    message = f"not valid YAML: {said}" + (f" ({context})" if context else "")
    hint = "check indentation, quotes, brackets and the space after each colon"
    if any("${" in line for line in text.split("\n")[mark.line : mark.line + 1]):
        hint = 'within { } and [ ] a reference needs quotes: "${NAME}"'
    report.add(Mark(file, mark.line + 1, mark.column + 1), "", message, hint)


class _GiveUp(Exception):
    """The rest of the file is not worth reading; the report says why."""


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end hasn't come yet. `key` waits for its value."""

    node: Mapping | Sequence
    anchor: str | None
    size: int
    key: str | None = None
    key_mark: Mark | None = None
    merged: list[Node] = field(default_factory=list)


class _Builder:
    """Puts nodes together from events."""

    def __init__(self, file: str, report: Report) -> None:
        self.root: Node | None = None
        self._file, self._report = file, report
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._documents = 0
        self._size = 0

    def take(self, event: yaml.Event) -> None:
        """Go on by one event. Raises _GiveUp."""
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._give_up(event, "a second document begins here", "put it into a file of its own and `include:` it")
        elif isinstance(event, yaml.ScalarEvent):
            self._refuse_tag(event)
            nothing = event.implicit[0] and not event.style and event.value in _NOTHING
            text = None if nothing and not self._at_key() else event.value
            self._place(Scalar(self._mark(event), text), 1, event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._begin(event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            closed = self._open.pop()
            self._merge(closed)
            self._place(closed.node, closed.size, closed.anchor)

    def _mark(self, event: yaml.Event) -> Mark:
        start = event.start_mark
        return Mark(self._file, start.line + 1, start.column + 1) if start else Mark(self._file)

    def _give_up(self, event: yaml.Event, message: str, hint: str) -> None:
        self._report.add(self._mark(event), "", message, hint)
        raise _GiveUp

    def _refuse_tag(self, event: yaml.NodeEvent) -> None:
        tag = getattr(event, "tag", None)
        if tag is not None:
            message = f"the tag {shown(tag)} is not supported"
            self._report.add(self._mark(event), "", message, "remove it; the field decides what a value means")

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        self._refuse_tag(event)
        if len(self._open) >= MAX_DEPTH:
            self._give_up(event, f"nested more than {MAX_DEPTH} levels deep", "is a bracket missing?")
        parent = self._open[-1] if self._open else None
        mark = (parent.key_mark if parent else None) or self._mark(event)
        node = Mapping(mark) if isinstance(event, yaml.MappingStartEvent) else Sequence(mark)
        self._open.append(_Open(node, event.anchor, 1))

    def _alias(self, event: yaml.AliasEvent) -> None:
        anchor = event.anchor or ""
        found = self._anchors.get(anchor)
        if found is None:
            inside = any(part.anchor == anchor for part in self._open)
            name = shown(anchor)
            message = f"the anchor {name} contains itself" if inside else f"there is no anchor {name} before this"
            self._give_up(event, message, f"write `&{name}` in front of the value that is meant")
            return
        self._size += found[1]
        if self._size > MAX_NODES:
            self._give_up(event, f"aliases make this more than {MAX_NODES:,} values", "use fewer aliases")
        self._place(found[0], found[1], None)

    def _place(self, node: Node, size: int, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = (node, size)
        if not self._open:
            self.root = node
            return
        holder = self._open[-1]
        holder.size += size
        if isinstance(holder.node, Sequence):
            holder.node.items.append(node)
        elif holder.key_mark is None:
            self._take_key(holder, node)
        else:
            self._take_value(holder, node)

    def _at_key(self) -> bool:
        """Whether a key comes next. A key is a name, even where it reads `null`."""
        return bool(self._open) and isinstance(self._open[-1].node, Mapping) and self._open[-1].key_mark is None

    def _take_key(self, holder: _Open, node: Node) -> None:
        holder.key_mark = node.mark
        holder.key = (node.text or "") if isinstance(node, Scalar) else None
        if holder.key is None:
            self._report.add(node.mark, "", "a key must be a word", "write `name: value`")

    def _take_value(self, holder: _Open, value: Node) -> None:
        key, mark, mapping = holder.key, holder.key_mark, holder.node
        holder.key = holder.key_mark = None
        if key is None or mark is None or not isinstance(mapping, Mapping):
            return
        if key == _MERGE:
            holder.merged.append(value)
        elif key in mapping.entries:
            first = mapping.keys[key]
            message = f"the key {shown(key)} stands here twice, first in line {first.line}"
            self._report.add(mark, "", message, "keep one of them")
        else:
            mapping.put(key, mark, value)

    def _merge(self, holder: _Open) -> None:
        """Add what `<<: *anchor` brings; the mapping's own keys win, then the first that is merged."""
        if not isinstance(holder.node, Mapping):
            return
        for value in holder.merged:
            for part in value.items if isinstance(value, Sequence) else [value]:
                if not isinstance(part, Mapping):
                    self._report.add(part.mark, "", "`<<` takes mappings", "write `<<: *ANCHOR`")
                    continue
                for key, mark, inner in part.items():
                    if key not in holder.node.entries:
                        holder.node.put(key, mark, inner)
