"""Every screen but the first, loaded when it is first opened: nobody who waits for the Bridge waits for them.

Dialogs that only one place opens are imported there, as late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quarterdeck.fleet.targets import TargetId
    from quarterdeck.release.action import Action
    from quarterdeck.release.release_plan import Wish
    from quarterdeck.ui.screens.deck import Deck
    from quarterdeck.ui.screens.order import OrderDialog, Question
    from quarterdeck.ui.screens.plan import PlanDialog, ProposalDialog
    from quarterdeck.ui.screens.progress import Progress
    from quarterdeck.ui.screens.small import PlainText, Reader
    from quarterdeck.ui.widgets.page import Maker


def service(target: TargetId) -> Deck:
    """Screen 2 on a service."""
    from quarterdeck.ui.screens.service import Service

    return Service(target)


def releases(beginning_at: str) -> Deck:
    """Screen 3, with the cursor on that release ("" for the first)."""
    from quarterdeck.ui.screens.releases import Releases

    return Releases(beginning_at)


def release(release_id: str) -> Deck:
    """The steps of one release."""
    from quarterdeck.ui.screens.release import Release

    return Release(release_id)


def gates() -> Deck:
    """Screen 4."""
    from quarterdeck.ui.screens.gates import Gates

    return Gates()


def flags() -> Deck:
    """Screen 5."""
    from quarterdeck.ui.screens.flags import Flags

    return Flags()


def pipelines() -> Deck:
    """Screen 6."""
    from quarterdeck.ui.screens.pipelines import Pipelines

    return Pipelines()


def log() -> Deck:
    """Screen 7."""
    from quarterdeck.ui.screens.log import Log

    return Log()


def plan(action: Action) -> PlanDialog:
    """The plan of an action."""
    from quarterdeck.ui.screens.plan import PlanDialog

    return PlanDialog(action)


def proposal(wish: Wish) -> ProposalDialog:
    """The plan of a release."""
    from quarterdeck.ui.screens.plan import ProposalDialog

    return ProposalDialog(wish)


def order(question: Question) -> OrderDialog:
    """A word to the runner that wants a yes."""
    from quarterdeck.ui.screens.order import OrderDialog

    return OrderDialog(question)


def progress(operation_id: str) -> Progress:
    """An operation, followed."""
    from quarterdeck.ui.screens.progress import Progress

    return Progress(operation_id)


def reader(title: str, maker: Maker) -> Reader:
    """A text to read."""
    from quarterdeck.ui.screens.small import Reader

    return Reader(title, maker)


def plain_text(text: str) -> PlainText:
    """A text to select."""
    from quarterdeck.ui.screens.small import PlainText

    return PlainText(text)
