"""Mail, whichever provider brings it: who wrote, what is new in it, what it answers, and whether it is to be believed."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, message_from_string, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from libs.channels.html_text import html_text
from libs.channels.inbound import MOST_ADDRESS, MOST_EXTERNAL_ID, Ignored, Inbound, Incoming, NotUnderstood, clean
from libs.channels.mail_text import new_text
from libs.channels.mail_trust import Verdicts, why_not_trusted
from schemas.attachment import Attachment
from schemas.contact import Channel, Sender
from schemas.message import MessageParts, MessageType

MOST_TEXT = 300_000
MOST_FILES = 50
MOST_SUBJECT = 1_000
MOST_HEADER = 2_000
MOST_SENDERS = 3
FOLD = re.compile(r"\s*[\r\n]\s*")
MESSAGE_ID = re.compile(r"<[^<>\s]{1,490}>")
AUTOMATIC_PRECEDENCE = {"bulk", "junk", "auto_reply"}
AUTOMATIC_SENDERS = ("mailer-daemon@", "postmaster@")


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file in a mail."""

    filename: str
    mime_type: str
    sha256: str
    content: bytes = field(repr=False)

    @classmethod
    def of(cls, filename: str, mime_type: str, content: bytes) -> "MailFile":
        """Return a file under a name that can be stored."""
        return cls(clean(filename, 500), clean(mime_type, 200), hashlib.sha256(content).hexdigest(), content)


class Headers:
    """The headers of a mail as they stand there, unfolded, by their names in lower case."""

    def __init__(self, headers: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in headers:
            self._values.setdefault(name.strip().lower(), []).append(clean(FOLD.sub(" ", value), MOST_TEXT))

    def first(self, name: str) -> str:
        """Return the topmost header of this name, or nothing."""
        return self._values.get(name, [""])[0]

    def all(self, name: str) -> Sequence[str]:
        """Return every header of this name, the topmost first."""
        return self._values.get(name, [])

    def as_json(self) -> dict[str, list[str]]:
        """Return them as they are kept."""
        return self._values


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to `account`, our mailbox. `envelope_from` is null where the provider does not tell it, empty for a bounce."""

    account: str
    headers: Headers
    envelope_from: str | None
    text: str
    html: str
    files: tuple[MailFile, ...]
    verdicts: Verdicts


def incoming(mail: Mail, now: datetime) -> Incoming:
    """Return what a mail tells. One that a machine sent by itself goes no further. Raises NotUnderstood where nobody is named as its sender."""
    senders = _addresses(mail.headers.all("from"))
    name, address = senders[0] if senders else ("", "")
    address = address.strip().lower()
    if "@" not in address or len(address) > MOST_ADDRESS:
        raise NotUnderstood("the mail must have a From header with a mail address")
    raw = _raw(mail)
    message_id = _first_id(mail.headers.first("message-id")) or f"<{hashlib.sha256(raw.encode()).hexdigest()}@without-message-id>"
    if is_automatic(mail, address):
        return Ignored(account=mail.account, external_message_id=message_id, raw=raw)
    several = "the From headers name more than one address" if len(senders) > 1 else None
    subject = clean(_decoded(mail.headers.first("subject")), MOST_SUBJECT).strip()
    files = mail.files[:MOST_FILES]
    answered = _ids(mail.headers.first("references"))
    replied_to = _first_id(mail.headers.first("in-reply-to")) or (answered[-1] if answered else None)
    return Inbound(
        channel=Channel.EMAIL,
        account=mail.account,
        external_message_id=message_id,
        sender=Sender(address=address, display_name=clean(_decoded(name), 200) or None),
        message_type=_type(files),
        content=clean(new_text(clean(mail.text, MOST_TEXT).strip() or html_text(mail.html), subject)),
        attachments=tuple(Attachment(filename=file.filename or None, mime_type=file.mime_type or None, sha256=file.sha256) for file in files),
        files=tuple(file.content for file in files),
        parts=MessageParts(subject=subject or None),
        reply_to_external_id=replied_to,
        external_conversation_id=answered[0] if answered else replied_to or message_id,
        sent_at=_sent_at(mail.headers.first("date"), now),
        sender_not_trusted=several or why_not_trusted(address, mail.verdicts),
        raw=raw,
    )


def is_automatic(mail: Mail, sender: str) -> bool:
    """Tell whether nobody wrote the mail: an answer of a machine, a bounce, or one of many alike."""
    return (
        mail.headers.first("auto-submitted").partition(";")[0].strip().lower() not in ("", "no")
        or mail.headers.first("precedence").strip().lower() in AUTOMATIC_PRECEDENCE
        or bool(mail.headers.all("x-autoreply") or mail.headers.all("x-autorespond"))
        or mail.headers.first("return-path").strip() == "<>"
        or mail.envelope_from in ("", "<>")
        or mail.headers.first("content-type").lower().startswith("multipart/report")
        or sender.startswith(AUTOMATIC_SENDERS)
    )


def read_headers(block: str) -> Headers:
    """Read headers as they stand at the top of a mail."""
    return Headers((name, str(value)) for name, value in message_from_string(block.replace("\x00", ""), policy=policy.compat32).items())


@dataclass(frozen=True, slots=True)
class MimeParts:
    """What a whole MIME mail holds."""

    headers: Headers
    text: str
    html: str
    files: tuple[MailFile, ...]


def read_mime(content: bytes) -> MimeParts:
    """Read a whole mail, as well as it can be read. Raises NotUnderstood."""
    try:
        return _taken_apart(content)
    except RecursionError:
        raise NotUnderstood("the mail has more parts within parts than are read") from None


def _taken_apart(content: bytes) -> MimeParts:
    message = message_from_bytes(content, policy=policy.compat32)
    texts: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    files: list[MailFile] = []
    for part in message.walk():
        if part.is_multipart():
            continue
        kind, filename = part.get_content_type(), part.get_filename()
        body = _body(part)
        if filename is None and kind in texts and part.get_content_disposition() != "attachment":
            texts[kind].append(decode(body, str(part.get_content_charset("utf-8"))))
        else:
            files.append(MailFile.of(_decoded(filename or ""), kind, body))
    headers = Headers((name, str(value)) for name, value in message.items())
    return MimeParts(headers, "\n".join(texts["text/plain"]), "\n".join(texts["text/html"]), tuple(files))


def mailbox(text: str) -> str | None:
    """Return the mail address in `text`, in lower case."""
    found = _addresses([text])
    address = clean(found[0][1].strip().lower(), MOST_ADDRESS + 1) if found else ""
    return address if "@" in address and len(address) <= MOST_ADDRESS else None


def decode(value: bytes, charset: str) -> str:
    """Decode text of whatever charset was named; one that is not known is read as UTF-8."""
    try:
        return value.decode(charset, errors="replace")
    except (LookupError, ValueError):
        return value.decode(errors="replace")


def _body(part: "Message[str, str]") -> bytes:
    body = part.get_payload(decode=True)
    return body if isinstance(body, bytes) else b""


def _addresses(headers: Sequence[str]) -> list[tuple[str, str]]:
    try:
        return getaddresses([header[:MOST_HEADER] for header in headers[:MOST_SENDERS]])
    except RecursionError:
        return []


def _decoded(text: str) -> str:
    """Decode the encoded words of a header (RFC 2047)."""
    text = text[:MOST_HEADER]
    if "=?" not in text:
        return text
    try:
        return clean(str(make_header(decode_header(text))))
    except (HeaderParseError, LookupError, ValueError):
        return text


def _ids(header: str) -> list[str]:
    return MESSAGE_ID.findall(header)


def _first_id(header: str) -> str | None:
    found = _ids(header)
    return found[0] if found else clean(header.strip(), MOST_EXTERNAL_ID) or None


def _type(files: Sequence[MailFile]) -> MessageType:
    if not files:
        return MessageType.TEXT
    return MessageType.IMAGE if all(file.mime_type.startswith("image/") for file in files) else MessageType.FILE


def _sent_at(date: str, now: datetime) -> datetime:
    """Return when the mail was sent by its own word, which is not believed about the future."""
    try:
        sent_at = parsedate_to_datetime(date)
        return min(now, sent_at if sent_at.tzinfo else sent_at.replace(tzinfo=UTC))
    except (TypeError, ValueError, OverflowError, IndexError):
        return now


def _raw(mail: Mail) -> str:
    kept: Mapping[str, object] = {
        "headers": mail.headers.as_json(),
        "text": mail.text,
        "html": mail.html,
        "files": [file.filename for file in mail.files],
    }
    return json.dumps(kept)
