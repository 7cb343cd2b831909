"""A mail of ours: what it says whichever provider takes it, and what makes a second copy of it recognizable as the same."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import quote
from uuid import UUID

from libs.channels.send_result import SendResult, TryLater, Unconfirmed

MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")
REPLY = re.compile(r"(re|aw|sv|antw|res|odp)\s*(\[\d+\])?:", re.IGNORECASE)
MOST_SUBJECT = 250
SUBJECT = "Your order"
"""Of a mail that answers none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A text to one address. `answers` is the Message-ID of the mail that it answers, `message_id` our own id of it."""

    sender: str
    sender_name: str
    to: str
    subject: str
    text: str
    answers: str | None
    message_id: UUID

    @property
    def from_header(self) -> str:
        """The sender's address, with their name before it if they have one."""
        return f'"{quote(self.sender_name)}" <{self.sender}>' if self.sender_name else self.sender

    @property
    def own_id(self) -> str:
        """The Message-ID: the same whenever it is sent again, so that mailboxes show one of them."""
        return f"<{self.message_id}@{self.sender.rpartition('@')[2]}>"

    def headers(self) -> Iterator[tuple[str, str]]:
        """The headers that put it into its thread."""
        yield "Message-ID", self.own_id
        if self.answers and MESSAGE_ID.fullmatch(self.answers):
            yield "In-Reply-To", self.answers
            yield "References", self.answers


def reply_subject(subject: str | None) -> str:
    """Return the subject of the answer to a mail with that `subject`, in one line."""
    subject = " ".join((subject or "").split())[:MOST_SUBJECT]
    if not subject:
        return SUBJECT
    return subject if REPLY.match(subject) else f"Re: {subject}"


def once_more(result: SendResult) -> SendResult:
    """Return `result`, where a lost answer asks for another attempt: with the same Message-ID it does no harm."""
    return TryLater(result.error_code) if isinstance(result, Unconfirmed) else result
