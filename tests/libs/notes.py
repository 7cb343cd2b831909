"""A service in miniature: it takes notes. Its event, its handler, its table."""

from pathlib import Path
from uuid import UUID, uuid4

import asyncpg

import libs
from libs import outbox
from libs.postgres import Transaction
from libs.refused import Refused
from schemas.event import Envelope, Event
from schemas.reply_requested import ReplyRequested
from tests.making import NOW

PASSWORD = "only-for-tests"
TEMPLATE = "note_taker"

TABLE = """
    create table notes (
        distributor_id uuid not null,
        place bigint generated always as identity,
        note_id uuid not null,
        conversation_id uuid not null,
        content text not null check (content <> 'too long'),
        primary key (distributor_id, place)
    );
    call isolate_tenants('notes');
"""
"""Nothing is unique in it: what is done twice is there twice."""


class NoteTaken(Event):
    """Something to remember."""

    topic = "note.taken"
    subject_field = "note_id"

    conversation_id: UUID
    note_id: UUID
    content: str


class NoteRefused(Refused):
    """The note says that it is to be refused."""


async def remember(event: NoteTaken, tx: Transaction) -> None:
    """Keep the note, and ask for a reply."""
    if event.content == "refuse":
        raise NoteRefused("this note is refused")
    await tx.execute(
        "insert into notes (distributor_id, note_id, conversation_id, content) values ($1, $2, $3, $4)",
        event.distributor_id,
        event.note_id,
        event.conversation_id,
        event.content,
    )
    reply = ReplyRequested(
        distributor_id=event.distributor_id, occurred_at=NOW, conversation_id=event.conversation_id, reply_id=event.note_id, content="Noted."
    )
    await outbox.enqueue(tx, reply.because_of(event))


def note(event_type: type[NoteTaken], distributor_id: UUID, content: str, conversation_id: UUID | None = None) -> NoteTaken:
    """Return a note as it would arrive, with an envelope of its own."""
    event = event_type(distributor_id=distributor_id, occurred_at=NOW, conversation_id=conversation_id or uuid4(), note_id=uuid4(), content=content)
    event_id = uuid4()
    return event.arrived_in(Envelope(id=event_id, source="test", correlation_id=event_id, sequence=1))


async def create_template(admin_url: str) -> None:
    """Create the miniature service's role and a database of it, as `comanda migrate` does for the real ones."""
    admin = await asyncpg.connect(admin_url)
    try:
        for role, options in (
            ("comanda_app", "nologin"),
            ("comanda_worker", "nologin"),
            ("comanda_owner", "nologin"),
            (TEMPLATE, f"login password '{PASSWORD}'"),
        ):
            if not await admin.fetchval("select true from pg_roles where rolname = $1", role):
                await admin.execute(f"create role {role} {options}")
        await admin.execute(f"grant comanda_app to {TEMPLATE} with inherit true; grant comanda_worker to {TEMPLATE} with inherit false, set true")
        await admin.execute(f"create database {TEMPLATE} owner comanda_owner template template0 encoding 'UTF8'")
    finally:
        await admin.close()
    owner = await asyncpg.connect(admin_url, database=TEMPLATE)
    try:
        await owner.execute("set role comanda_owner")
        for path in sorted((Path(libs.__file__).parent / "migrations").glob("*.sql")):
            await owner.execute(path.read_text().partition("-- migrate:up")[2].partition("-- migrate:down")[0])
        await owner.execute(TABLE)
    finally:
        await owner.close()
