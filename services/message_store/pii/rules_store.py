"""The rules of tenants. One statement a function."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from libs.postgres import Connection, Transaction
from schemas.pii_detected import PiiAction, PiiType
from services.message_store.pii.rules import Rule

COLUMNS = "id, name, pii_type, pattern, recognizer, locale, min_confidence, action, keep_value, enabled, version"


async def select_rules_of(connection: Connection, distributor_ids: Collection[UUID]) -> dict[UUID, list[Rule]]:
    """Return the rules of tenants, the oldest first."""
    rows = await connection.fetch(
        f"select distributor_id, {COLUMNS} from pii_detection_rules where distributor_id = any($1::uuid[]) order by distributor_id, id",  # noqa: S608 - our own column names
        list(distributor_ids),
    )
    rules: dict[UUID, list[Rule]] = {}
    for row in rows:
        rules.setdefault(row["distributor_id"], []).append(_rule(row))
    return rules


async def select_rule(connection: Connection, distributor_id: UUID, rule_id: UUID) -> Rule | None:
    """Return a rule."""
    row = await connection.fetchrow(
        f"select {COLUMNS} from pii_detection_rules where distributor_id = $1 and id = $2",  # noqa: S608 - our own column names
        distributor_id,
        rule_id,
    )
    return _rule(row) if row else None


async def insert_rule(tx: Transaction, distributor_id: UUID, rule: Rule) -> Rule:
    """Add a rule. Returns it with its id."""
    row = await tx.fetchrow(
        f"""
        insert into pii_detection_rules (distributor_id, name, pii_type, pattern, recognizer, locale, min_confidence, action, keep_value, enabled)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        returning {COLUMNS}
        """,  # noqa: S608 - our own column names
        distributor_id,
        *_settable(rule),
    )
    return _rule(row)


async def update_rule(tx: Transaction, distributor_id: UUID, rule_id: UUID, version: int, rule: Rule) -> Rule | None:
    """Replace that version of a rule by the next. Returns None where there is no such version."""
    row = await tx.fetchrow(
        f"""
        update pii_detection_rules
           set name = $4, pii_type = $5, pattern = $6, recognizer = $7, locale = $8, min_confidence = $9, action = $10, keep_value = $11,
               enabled = $12, version = version + 1
         where distributor_id = $1 and id = $2 and version = $3
        returning {COLUMNS}
        """,  # noqa: S608 - our own column names
        distributor_id,
        rule_id,
        version,
        *_settable(rule),
    )
    return _rule(row) if row else None


async def delete_rule(tx: Transaction, distributor_id: UUID, rule_id: UUID) -> bool:
    """Delete a rule; what it found stays. Returns False where there is none."""
    return bool(await tx.fetchval("delete from pii_detection_rules where distributor_id = $1 and id = $2 returning true", distributor_id, rule_id))


async def count_rules(connection: Connection, distributor_id: UUID) -> int:
    """Return how many rules a tenant has."""
    return await connection.fetchval("select count(*) from pii_detection_rules where distributor_id = $1", distributor_id) or 0


async def select_newest_texts(connection: Connection, distributor_id: UUID, limit: int) -> list[tuple[str, str]]:
    """Return language and text of the newest messages from customers: their ids follow the time at which they were stored."""
    rows = await connection.fetch(
        "select language, content from messages where distributor_id = $1 and is_from_customer order by id desc limit $2", distributor_id, limit
    )
    return [(row["language"], row["content"]) for row in rows]


def _settable(rule: Rule) -> tuple[Any, ...]:
    return (
        rule.name,
        rule.pii_type,
        rule.pattern,
        rule.recognizer,
        rule.locale,
        rule.min_confidence,
        rule.action,
        rule.keep_value,
        rule.enabled,
    )


def _rule(row: Any) -> Rule:  # noqa: ANN401 - an asyncpg record
    values = {name: value for name, value in row.items() if name != "distributor_id"}
    values |= {"pii_type": PiiType(row["pii_type"]), "action": PiiAction(row["action"]), "min_confidence": float(row["min_confidence"])}
    return Rule(**values)
