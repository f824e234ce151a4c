"""How columns share a width. Pure, without imports: the launcher needs it before its first frame."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def share_out(wanted: Sequence[int], room: int) -> list[int]:
    """Widths that sum to at most `room`: whoever wants less than a fair share gets it, the others share the rest."""
    given = [0] * len(wanted)
    left, open_ = room, sorted(range(len(wanted)), key=lambda i: wanted[i])
    for place, i in enumerate(open_):
        fair = left // (len(open_) - place)
        given[i] = min(wanted[i], max(0, fair))
        left -= given[i]
    return given
