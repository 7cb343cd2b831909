"""A service's database as PostgreSQL's own catalog describes it."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from libs.postgres import Connection

DBMATE = ("schema_migrations", "schema_migrations_shared")
"""Which migrations were run: the only tables that belong to no tenant."""

VALUES = {
    "uuid": "uuidv7()",
    "text": "uuidv7()::text",
    "boolean": "true",
    "smallint": "1",
    "integer": "1",
    "bigint": "1",
    "numeric": "1",
    "double precision": "1",
    "timestamp with time zone": "now()",
    "date": "current_date",
    "time without time zone": "current_time",
    "json": "'{}'",
    "jsonb": "'{}'",
    "bytea": "'\\x00'",
    "inet": "'127.0.0.1'",
    "text[]": "'{}'",
    "bytea[]": "'{}'",
    "uuid[]": "'{}'",
    "integer[]": "'{}'",
    "smallint[]": "'{}'",
    "tsvector": "''",
}
"""A value of each type that columns have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of schema public."""

    name: str
    columns: tuple[str, ...]
    demanded: dict[str, str]
    """The columns that must be given a value, and their types."""
    is_isolated: bool
    """Row level security is enabled, forced, and has a policy."""
    is_partition: bool

    def insert(self, tenant: UUID) -> str:
        """The statement that inserts a row of `tenant`, with a value of the right type wherever one is demanded."""
        given = {"distributor_id": f"'{tenant}'"} | {
            column: VALUES[of_type] for column, of_type in self.demanded.items() if column != "distributor_id"
        }
        return f"insert into {self.name} ({', '.join(given)}) values ({', '.join(given.values())})"


async def tables(connection: Connection) -> list[Table]:
    """Return every table of schema public but dbmate's own."""
    rows = await connection.fetch(
        """
        select c.relname as name, c.relispartition as is_partition,
               c.relrowsecurity and c.relforcerowsecurity and exists (select from pg_policy where polrelid = c.oid) as is_isolated,
               array_agg(a.attname::text order by a.attnum) as columns,
               array_agg(a.attname::text order by a.attnum) filter (where must.be_given) as demanded,
               array_agg(format_type(a.atttypid, null) order by a.attnum) filter (where must.be_given) as types
          from pg_class c
          join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         cross join lateral (select a.attnotnull and not a.atthasdef and a.attidentity = '') as must (be_given)
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname <> all ($1)
         group by c.oid
         order by c.relname
        """,
        DBMATE,
    )
    return [
        Table(
            name=row["name"],
            columns=tuple(row["columns"]),
            demanded=dict(zip(row["demanded"] or (), row["types"] or (), strict=True)),
            is_isolated=row["is_isolated"],
            is_partition=row["is_partition"],
        )
        for row in rows
    ]


async def lift_rules(admin: Connection) -> None:
    """Take away, from a throw-away database, the checks and triggers that a generated row would break. Row level security stays."""
    for row in await admin.fetch(
        """
        select conrelid::regclass::text as name, conname from pg_constraint
         where contype in ('c', 'f') and connamespace = 'public'::regnamespace and coninhcount = 0 and conparentid = 0
        """
    ):
        await admin.execute(f'alter table {row["name"]} drop constraint "{row["conname"]}"')
    for row in await admin.fetch(
        "select oid::regclass::text as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
    ):
        await admin.execute(f"alter table {row['name']} disable trigger user")


async def indexes(connection: Connection) -> dict[str, tuple[str, str | None]]:
    """Return the table and the first column (None for an expression) of every index."""
    rows = await connection.fetch(
        """
        select i.indexrelid::regclass::text as name, i.indrelid::regclass::text as table_name, a.attname as first
          from pg_index i
          join pg_class c on c.oid = i.indrelid and c.relnamespace = 'public'::regnamespace
          left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        """
    )
    return {row["name"]: (row["table_name"], row["first"]) for row in rows if row["table_name"] not in DBMATE}


async def foreign_keys_without_index(connection: Connection) -> list[asyncpg.Record]:
    """Return the foreign keys whose columns are not the first ones of any index."""
    return await connection.fetch(
        """
        select conrelid::regclass::text || '.' || conname as name from pg_constraint f
         where contype = 'f' and connamespace = 'public'::regnamespace
           and not exists (
               select from pg_index i
                where i.indrelid = f.conrelid and i.indpred is null
                  and f.conkey <@ (i.indkey::smallint[])[0:cardinality(f.conkey) - 1])
           and not exists (
               select from pg_index i
                where i.indrelid = f.conrelid and i.indpred is not null
                  and f.conkey <@ (i.indkey::smallint[])[0:cardinality(f.conkey) - 1]
                  and pg_get_expr(i.indpred, i.indrelid) ~ '^\\(\\w+ IS NOT NULL\\)$')
        """
    )
