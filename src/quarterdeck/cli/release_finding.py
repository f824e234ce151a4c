"""Which release is meant: by its id, the beginning of it, or one of its targets."""

from __future__ import annotations

from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.rollout import Release
from quarterdeck.store.base import Store

RECENT = 1000
"""So many releases back the beginning of an id, or a target, is looked for."""


def find_release(store: Store, wanted: str) -> Release:
    """The release of an id, of the beginning of one, or the last (an open one first) of a target.

    Raises:
        CommandError: there is none, or more than one.
    """
    exact = store.release(wanted)
    if exact is not None:
        return exact
    return _of_target(store, wanted) if "/" in wanted else _of_beginning(store, wanted)


def find_open_release(store: Store, wanted: str) -> Release:
    """The same, if it is open; the beginning of an id need only be unique among those that are.

    Raises:
        CommandError: there is none, or more than one, or it has ended.
    """
    begun = [one for one in store.releases(open_only=True) if wanted and one.id.startswith(wanted)]
    found = begun[0] if len(begun) == 1 else find_release(store, wanted)
    if not found.open:
        ending = (found.ending or "").replace("_", " ")
        message = f"release {found.id} has ended ({ending}): nothing can be told to it any more"
        raise CommandError(ExitCode.FAILED, message, "open releases: qd release list")
    return found


def _of_beginning(store: Store, wanted: str) -> Release:
    found = [one for one in store.releases(limit=RECENT) if one.id.startswith(wanted)] if wanted else []
    if len(found) != 1:
        number = "no release" if not found else f"{len(found)} releases"
        message = f"{number} of the last thousand begin with {wanted!r}"
        raise CommandError(ExitCode.USAGE, message, "qd release list shows them; ENV/SERVICE names its open one")
    return found[0]


def _of_target(store: Store, wanted: str) -> Release:
    try:
        target = TargetId.parse(wanted).whole
    except ValueError as error:
        raise CommandError(ExitCode.USAGE, str(error), "or name a release by its id: qd release list") from error
    for releases in (store.releases(open_only=True), store.releases(limit=RECENT)):
        for release in releases:
            if any(_means(target, its.whole) for its in release.targets):
                return release
    raise CommandError(ExitCode.USAGE, f"{wanted} has had no release", f"qd release start {wanted}")


def _means(wanted: TargetId, target: TargetId) -> bool:
    """A flag may be named without the word, as the `flag` command takes it."""
    return wanted == target or (target.flag and (wanted.environment, wanted.name) == (target.environment, target.name))
