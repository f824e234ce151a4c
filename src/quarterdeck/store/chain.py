"""The hash chain of the journal: each line's hash covers the line and the hash of the line before. Pure.

What it proves: an edited, removed, inserted or reordered line is found; so is a lost end, because the store keeps
the number and hash of its last line apart from the lines. What it doesn't prove: somebody who may write to the file
can compute a whole new chain and its end. Nothing kept in the same folder could stop that (whoever writes the one
file writes the other), so there is no second copy there: whoever needs more notes the last hash somewhere else
(`history --verify` shows it) and compares.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator

from quarterdeck.fleet.codec import Json
from quarterdeck.records import dataclass
from quarterdeck.store.base import ChainFault, Event


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the journal as it is kept; `body` is the JSON text itself, as it is stored."""

    seq: int
    at: float
    kind: str
    actor: str
    operation: str
    target: str
    body: str
    previous: str
    hash: str

    def event(self) -> Event:
        """The line as readers get it, its body decoded."""
        body = json.loads(self.body)
        return Event(
            self.seq, self.at, self.kind, self.actor, self.operation, self.target, body, self.previous, self.hash
        )


@dataclass(frozen=True, slots=True)
class Head:
    """Number and hash of the last line; number 0 and the genesis hash for an empty journal."""

    seq: int
    hash: str


def compact(value: Json) -> str:
    """JSON without spaces, ASCII only. Keys keep their order: the order of shares or slots has a meaning.

    Raises:
        ValueError: for NaN and infinities, which JSON doesn't have.
    """
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def genesis(store: str) -> str:
    """What the first line names as the hash before it: bound to one store, so that journals can't be exchanged."""
    return hashlib.sha256(f"quarterdeck journal {store}".encode()).hexdigest()


def line_hash(seq: int, at: float, kind: str, actor: str, operation: str, target: str, body: str, previous: str) -> str:
    """SHA-256 in hex over `[seq,at,kind,actor,operation,target,body,previous]` as compact JSON.

    `body` is spliced in as the text it is stored as, so that not even its spelling can change unnoticed.
    """
    front = compact([seq, float(at), kind, actor, operation, target])[:-1]
    return hashlib.sha256(f'{front},{body},"{previous}"]'.encode()).hexdigest()


def follow(head: Head, at: float, kind: str, actor: str, operation: str, target: str, body: str) -> Line:
    """The next line after `head`."""
    seq = head.seq + 1
    digest = line_hash(seq, at, kind, actor, operation, target, body, head.hash)
    return Line(seq, float(at), kind, actor, operation, target, body, head.hash, digest)


def faults(store: str, lines: Iterable[Line], head: Head) -> Iterator[ChainFault]:
    """Every place where the lines (in order of `seq`) are not a chain from the store's genesis to `head`."""
    before = Head(0, genesis(store))
    for line in lines:
        if line.seq != before.seq + 1:
            yield ChainFault(before.seq + 1, _gap(before.seq + 1, line.seq - 1))
        elif line.previous != before.hash:
            yield ChainFault(line.seq, f"line {line.seq} doesn't follow the line before it")
        if line.hash != _expected(line):
            yield ChainFault(line.seq, f"line {line.seq} was changed after it was written")
        before = Head(line.seq, line.hash)
    if before.seq < head.seq:
        yield ChainFault(before.seq + 1, "the end is lost: " + _gap(before.seq + 1, head.seq))
    elif before != head:
        yield ChainFault(before.seq, f"the journal was written to end at line {head.seq} with another hash")


def _expected(line: Line) -> str:
    return line_hash(line.seq, line.at, line.kind, line.actor, line.operation, line.target, line.body, line.previous)


def _gap(first: int, last: int) -> str:
    if first > last:
        return f"line {first} stands in the wrong place"
    return f"line {first} is missing" if first == last else f"lines {first} to {last} are missing"
