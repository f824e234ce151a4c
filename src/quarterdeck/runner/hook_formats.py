"""What a message looks like to its receiver: our own JSON, Slack's blocks, the cards of Microsoft Teams.

What comes from outside (names, reasons, what a gate said) is never markup to anybody: Slack gets it as `plain_text`,
Teams as a `TextRun`, which takes no Markdown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from quarterdeck.records import dataclass
from quarterdeck.release.freshness import stamp
from quarterdeck.release.hooks import Hook, HookFormat, Post
from quarterdeck.release.notices import Notice, summary_lines

Json = Mapping[str, Any]

SCHEMA = 1
"""The version of our own JSON."""

_BLOCK = 2900
"""Slack takes 3,000 characters of text in a section, and 150 in a header (Block Kit reference)."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is told, whatever the receiver understands.

    Attributes:
        id: the same whenever the same thing is sent again, so that a receiver can tell.
        lines: what follows the title, each line by itself. answers: command lines.
    """

    id: str
    fleet: str
    title: str
    lines: tuple[str, ...]
    answers: tuple[str, ...]
    notices: tuple[Notice, ...]


def message_of(fleet: str, hook: Hook, post: Post) -> Message:
    """The message that tells a post."""
    key = "\n".join([hook.name, *(one.mark for one in post.notices)])
    name = hashlib.sha256(key.encode()).hexdigest()[:24]
    if len(post.notices) == 1:
        (one,) = post.notices
        by = () if not one.by or one.by in one.title else (f"by {one.by}",)
        lines = tuple(filter(None, (one.text, *by)))
        return Message(name, fleet, one.title, lines, one.answers, post.notices)
    title = f"{len(post.notices)} things happened that couldn't be told before"
    return Message(name, fleet, title, tuple(summary_lines(post.notices)), (), post.notices)


def trial(fleet: str, hook: Hook, now: float) -> Message:
    """The message of `qd notify test`."""
    name = hashlib.sha256(f"{hook.name}\n{now}".encode()).hexdigest()[:24]
    kinds = ", ".join(hook.kinds)
    return Message(name, fleet, "a test: notices arrive here", (f"{hook.name} hears of: {kinds}",), (), ())


def body_of(message: Message, form: HookFormat) -> Json:
    """What is sent, as JSON."""
    return _BODIES[form](message)


def _generic(message: Message) -> Json:
    return {
        "schema": SCHEMA,
        "id": message.id,
        "fleet": message.fleet,
        "title": message.title,
        "text": "\n".join(message.lines),
        "answers": list(message.answers),
        "notices": [
            {
                "kind": one.kind,
                "at": stamp(one.at),
                "environment": one.environment,
                "title": one.title,
                "text": one.text,
                "by": one.by,
                "about": one.about,
                "answers": list(one.answers),
                "seq": one.seq,
            }
            for one in message.notices
        ],
    }


def _slack(message: Message) -> Json:
    """An incoming webhook's payload. `text` is what notifications show, and is read as markup: `&`, `<` and `>` have to
    be entities (Slack's documentation, "Formatting text for app surfaces"). There is no other place for an id than a
    block's."""
    text = f"{message.fleet}: {message.title}"
    blocks: list[Json] = [
        {"type": "section", "block_id": message.id, "text": _plain(text)},
    ]
    if message.lines:
        blocks.append({"type": "section", "text": _plain("\n".join(message.lines))})
    if message.answers:
        blocks.append({"type": "section", "text": _plain("\n".join(("to answer:", *message.answers)))})
    return {"text": _escaped(text), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text[:_BLOCK], "emoji": False}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _teams(message: Message) -> Json:
    """What the trigger "When a Teams webhook request is received" of a workflow takes: a message with an Adaptive Card.
    Cards up to version 1.4 are shown everywhere; 28 KB is the most that Teams takes (Microsoft's documentation,
    "Create incoming webhooks with Workflows")."""
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": list(_card(message)),
    }
    card = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}
    return {"type": "message", "id": message.id, "attachments": [card]}


def _card(message: Message) -> Iterator[Json]:
    yield _runs(f"{message.fleet}: {message.title}", size="Medium", weight="Bolder")
    for one in message.lines:
        yield _runs(one)
    for one in message.answers:
        yield _runs(one, fontType="Monospace")


def _runs(text: str, **how: str) -> Json:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **how}]}


_BODIES: Mapping[HookFormat, Callable[[Message], Json]] = {"generic": _generic, "slack": _slack, "teams": _teams}
