"""Which conversation shows which one's messages. One statement a function."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from libs.postgres import Connection, Transaction
from schemas.contact import Channel
from services.message_store.copies import Link

Conversations = Collection[tuple[UUID, UUID]]
"""Each the tenant and the conversation."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Whose conversation it is, and where its replies go."""

    customer_id: UUID | None
    contact_id: UUID
    channel: Channel
    address: str


async def select_conversation(connection: Connection, distributor_id: UUID, conversation_id: UUID) -> Conversation | None:
    """Return a conversation."""
    row = await connection.fetchrow(
        "select customer_id, contact_id, channel, contact_address from conversations where distributor_id = $1 and id = $2",
        distributor_id,
        conversation_id,
    )
    return Conversation(row["customer_id"], row["contact_id"], Channel(row["channel"]), row["contact_address"]) if row else None


async def select_astray(connection: Connection, links: Sequence[Link]) -> dict[UUID, UUID | None]:
    """Return the contacts' own conversations that are not yet where they belong, each with the conversation that shows it now."""
    rows = await connection.fetch(
        """
        select c.id, c.merged_into
          from conversations c
          join unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) as e (distributor_id, id, customer_id, merged_into)
            on (c.distributor_id, c.id) = (e.distributor_id, e.id)
         where (c.customer_id, c.merged_into) is distinct from (e.customer_id, e.merged_into)
        """,
        *_columns(links),
    )
    return {row["id"]: row["merged_into"] for row in rows}


async def insert_conversations_of_customers(tx: Transaction, conversations: Conversations, customers: Sequence[UUID], like: Sequence[UUID]) -> None:
    """Begin conversations of customers that have none yet, without messages of their own: like those whose messages they are to show."""
    await tx.execute(
        """
        insert into conversations (distributor_id, id, customer_id, contact_id, channel, status, integration_id, channel_account, external_thread_id,
                                   contact_address, last_message_at, window_expires_at, ai_context_summary, ai_last_processed_at)
        select distinct on (e.distributor_id, e.id)
               e.distributor_id, e.id, e.customer_id, c.contact_id, c.channel, c.status, c.integration_id, c.channel_account, c.external_thread_id,
               c.contact_address, c.last_message_at, c.window_expires_at, c.ai_context_summary, c.ai_last_processed_at
          from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) as e (distributor_id, id, customer_id, like_id)
          join conversations c on (c.distributor_id, c.id) = (e.distributor_id, e.like_id)
         order by e.distributor_id, e.id, c.last_message_at desc
            on conflict (distributor_id, id) do nothing
        """,
        *_ids(conversations),
        customers,
        like,
    )


async def lock_conversations(tx: Transaction, conversations: Conversations) -> None:
    """Keep others from changing conversations, whether they are shown by others or show them, until the transaction ends."""
    await tx.execute(
        """
        select c.id from conversations c
          join unnest($1::uuid[], $2::uuid[]) as e (distributor_id, id) on (c.distributor_id, c.id) = (e.distributor_id, e.id)
         order by c.distributor_id, c.id
           for no key update of c
        """,
        *_ids(conversations),
    )


async def update_followed(tx: Transaction, links: Sequence[Link]) -> None:
    """Let the contacts' own conversations be those of their customers, and be shown with them; nobody's stand for themselves."""
    await tx.execute(
        """
        update conversations c set customer_id = e.customer_id, merged_into = e.merged_into
          from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) as e (distributor_id, id, customer_id, merged_into)
         where (c.distributor_id, c.id) = (e.distributor_id, e.id)
        """,
        *_columns(links),
    )


async def update_merged(tx: Transaction, distributor_id: UUID, conversation_id: UUID, into: UUID) -> None:
    """Show a conversation, and those that it showed, with another one."""
    await tx.execute(
        "update conversations set merged_into = $3 where distributor_id = $1 and (id = $2 or merged_into = $2) and id <> $3",
        distributor_id,
        conversation_id,
        into,
    )


async def update_standing_alone(tx: Transaction, conversations: Conversations) -> None:
    """Let customers' conversations that another one shows stand for themselves again, and show their customers' contacts."""
    await tx.execute(
        """
        with alone as (
            update conversations c set merged_into = null
              from unnest($1::uuid[], $2::uuid[]) as e (distributor_id, id)
             where (c.distributor_id, c.id) = (e.distributor_id, e.id) and c.merged_into is not null
            returning c.distributor_id, c.id, c.customer_id, old.merged_into
        )
        update conversations c set merged_into = a.id
          from alone a
         where (c.distributor_id, c.merged_into) = (a.distributor_id, a.merged_into) and c.customer_id = a.customer_id and c.id <> a.id
        """,
        *_ids(conversations),
    )


async def update_showing(tx: Transaction, merged: Conversations) -> None:
    """Let those that show merged conversations follow them: replies go to whoever wrote last, and what is open in one is open in both."""
    await tx.execute(
        """
        with newest as (
            select distinct on (m.distributor_id, m.merged_into)
                   m.*, bool_or(m.status = 'ACTIVE') over (partition by m.distributor_id, m.merged_into) as is_open
              from conversations m
              join unnest($1::uuid[], $2::uuid[]) as e (distributor_id, id) on (m.distributor_id, m.id) = (e.distributor_id, e.id)
             where m.merged_into is not null
             order by m.distributor_id, m.merged_into, m.last_message_at desc
        )
        update conversations c
           set status = case when n.is_open then 'ACTIVE' else c.status end,
               (contact_id, contact_address, integration_id, channel_account) = (
                   select last.contact_id, last.contact_address, last.integration_id, last.channel_account
                     from (values (c.contact_id, c.contact_address, c.integration_id, c.channel_account, c.last_message_at),
                                  (n.contact_id, n.contact_address, n.integration_id, n.channel_account, n.last_message_at))
                       as last (contact_id, contact_address, integration_id, channel_account, at)
                    order by last.at desc
                    limit 1)
          from newest n
         where (c.distributor_id, c.id) = (n.distributor_id, n.merged_into)
        """,
        *_ids(merged),
    )


async def update_left(tx: Transaction, conversations: Conversations) -> None:
    """Let replies in customers' conversations go to whoever wrote last of those who still write for the customer, where that is anybody.

    A conversation that has no messages to show any more is put away.
    """
    await tx.execute(
        """
        with shown as (
            select c.distributor_id, c.id, p.id as part_id, p.last_thread_position
              from conversations c
              join unnest($1::uuid[], $2::uuid[]) as e (distributor_id, id) on (c.distributor_id, c.id) = (e.distributor_id, e.id)
              join conversations p on p.distributor_id = c.distributor_id and (p.id = c.id or p.merged_into = c.id)
        )
        update conversations c
           set status = case when s.messages = 0 then 'ARCHIVED' else c.status end,
               contact_id = coalesce(w.contact_id, c.contact_id),
               contact_address = coalesce(w.address, c.contact_address)
          from (select distributor_id, id, sum(last_thread_position) as messages from shown group by 1, 2) s
          left join lateral (
                select k.id as contact_id, k.address
                  from shown p
                  join messages m on (m.distributor_id, m.conversation_id) = (p.distributor_id, p.part_id)
                  join conversations o on (o.distributor_id, o.id) = (p.distributor_id, p.id)
                  join contacts k on (k.distributor_id, k.id, k.customer_id) = (m.distributor_id, m.sender_contact_id, o.customer_id)
                 where (p.distributor_id, p.id) = (s.distributor_id, s.id)
                 order by m.sent_at desc
                 limit 1) w on true
         where (c.distributor_id, c.id) = (s.distributor_id, s.id)
        """,
        *_ids(conversations),
    )


def _columns(links: Sequence[Link]) -> tuple[list[UUID], list[UUID], list[UUID | None], list[UUID | None]]:
    return (
        [link.distributor_id for link in links],
        [link.conversation_id for link in links],
        [link.customer_id for link in links],
        [link.conversation_of_customer for link in links],
    )


def _ids(conversations: Conversations) -> tuple[list[UUID], list[UUID]]:
    return [distributor_id for distributor_id, _ in conversations], [conversation_id for _, conversation_id in conversations]
