"""From what was seen just now, and what was known before, to what is known. Pure."""

from __future__ import annotations

from dataclasses import replace

from quarterdeck.fleet.observation import Observation, Trouble
from quarterdeck.fleet.readings import Reading


def sighting(was: Observation, seen: Reading | Trouble, source: str, at: float) -> Observation:
    """What is known about `was.subject` after a look at `at`.

    A trouble leaves the last good reading and its age as they were, and dates from the first look that failed, even
    if the trouble is another one by now.
    """
    if isinstance(seen, Trouble):
        since = was.trouble_since if was.trouble is not None else at
        return replace(was, trouble=seen, trouble_since=since)
    changed_at = was.changed_at if seen == was.reading else at
    return Observation(was.subject, seen, source, at, changed_at)
