"""A part of the picture: one environment, or one service of it."""

from __future__ import annotations

from collections.abc import Iterator

from quarterdeck.fleet.targets import NAME, TargetId
from quarterdeck.records import dataclass, replace
from quarterdeck.release.freshness import Knowledge
from quarterdeck.release.picture import Cell, FlagRow, Picture, Row
from quarterdeck.release.standing_view import GuardsView


@dataclass(frozen=True, slots=True)
class Scope:
    """What to look at; "" means all."""

    environment: str = ""
    service: str = ""

    @classmethod
    def parse(cls, text: str) -> Scope:
        """Read `ENV` or `ENV/SERVICE`.

        Raises:
            ValueError: naming the form that is right.
        """
        environment, slash, service = text.partition("/")
        if not NAME.fullmatch(environment) or (slash and not NAME.fullmatch(service)):
            raise ValueError(f"{text!r} is no part of a fleet: write ENV or ENV/SERVICE")
        return cls(environment, service)

    def of(self, picture: Picture) -> Picture:
        """The picture of this part alone.

        Raises:
            ValueError: the fleet has no such environment or service; says which it has.
        """
        self._check(picture)
        kept = [i for i, view in enumerate(picture.environments) if self.environment in ("", view.name)]
        rows = (
            Row(row.service, tuple(row.cells[i] for i in kept))
            for row in picture.rows
            if self.service in ("", row.service)
        )
        flags = (FlagRow(row.name, tuple(row.cells[i] for i in kept)) for row in picture.flags)
        return replace(
            picture,
            environments=tuple(picture.environments[i] for i in kept),
            rows=tuple(row for row in rows if any(row.cells)),
            flags=() if self.service else tuple(row for row in flags if any(row.cells)),
            operations=tuple(view for view in picture.operations if self._covers(view.target)),
            attention=tuple(item for item in picture.attention if self._covers(item.target)),
            releases=tuple(view for view in picture.releases if any(map(self._covers, view.targets))),
            inbox=tuple(item for item in picture.inbox if self._covers(item.target)),
            guards=self._of_guards(picture.guards),
        )

    def _of_guards(self, guards: GuardsView) -> GuardsView:
        """What holds in this part: what was declared for it, for something in it, or for what it lies in."""
        return replace(
            guards,
            conns=tuple(one for one in guards.conns if self._meets(one.scope)),
            holds=tuple(one for one in guards.holds if self._meets(one.scope)),
            closures=tuple(one for one in guards.closures if self.environment in ("", one.environment)),
            debts=tuple(one for one in guards.debts if self._covers(one.target)),
        )

    def _check(self, picture: Picture) -> None:
        environments = [view.name for view in picture.environments]
        if self.environment and self.environment not in environments:
            raise ValueError(f"there is no environment {self.environment!r}; there are: {', '.join(environments)}")
        services = [row.service for row in picture.rows]
        if self.service and self.service not in services:
            raise ValueError(f"there is no service {self.service!r}; there are: {', '.join(services)}")

    def _covers(self, target: TargetId | None) -> bool:
        if target is None or not self.environment:
            return True
        return target.environment == self.environment and self.service in ("", target.name)

    def _meets(self, scope: str) -> bool:
        """Whether a scope of guards and this part have anything in common."""
        environment, _, service = scope.partition("/")
        if "" in (self.environment, environment) or scope == "*":
            return True
        return environment == self.environment and ("" in (self.service, service) or service == self.service)


def knowledges(picture: Picture) -> Iterator[Knowledge]:
    """What is known about each place of a picture, flag stores with flags included."""
    for cell in _cells(picture):
        yield from (region.known for region in cell.regions)
        yield from (split.known for split in cell.splits)
    for row in picture.flags:
        yield from (flag.known for cell in row.cells for flag in cell)


def _cells(picture: Picture) -> Iterator[Cell]:
    return (cell for row in picture.rows for cell in row.cells if cell is not None)
