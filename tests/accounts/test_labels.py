"""Predefined labels are everybody's to read and nobody's to write."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from libs import postgres
from libs.postgres import Pool

NOBODY = UUID(int=0)


async def test_every_tenant_reads_the_predefined_labels(pool: Pool) -> None:
    async with postgres.tenant_transaction(pool, [uuid4()]) as tx:
        rows = await tx.fetch("select name, is_predefined from customer_labels")

    assert "Restaurant" in {row["name"] for row in rows}
    assert all(row["is_predefined"] for row in rows)


async def test_no_tenant_set_means_no_labels(pool: Pool) -> None:
    assert await pool.fetch("select * from customer_labels") == []


async def test_no_tenant_changes_or_adds_a_predefined_label(pool: Pool) -> None:
    async with postgres.tenant_transaction(pool, [uuid4()]) as tx:
        assert await tx.execute("update customer_labels set name = 'Mine'") == "UPDATE 0"
        assert await tx.execute("delete from customer_labels") == "DELETE 0"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await tx.execute("insert into customer_labels (distributor_id, name) values ($1, 'Mine')", NOBODY)


async def test_a_tenant_gives_predefined_labels_and_its_own_but_no_other_tenants(pool: Pool) -> None:
    tenant, stranger, customer = uuid4(), uuid4(), uuid4()
    async with postgres.tenant_transaction(pool, [stranger]) as tx:
        foreign = await tx.fetchval("insert into customer_labels (distributor_id, name) values ($1, 'Theirs') returning id", stranger)
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute("insert into distributors (distributor_id, business_name, subdomain) values ($1, 'Harbor', 'harbor')", tenant)
        await tx.execute("insert into customers (distributor_id, id, business_name, customer_code) values ($1, $2, 'Bistro', 'B')", tenant, customer)
        own = await tx.fetchval("insert into customer_labels (distributor_id, name) values ($1, 'Mine') returning id", tenant)
        predefined = await tx.fetchval("select id from customer_labels where name = 'Restaurant'")
        assign = "insert into customer_label_assignments (distributor_id, customer_id, label_id, label_distributor_id) values ($1, $2, $3, $4)"
        await tx.execute(assign, tenant, customer, own, tenant)
        await tx.execute(assign, tenant, customer, predefined, NOBODY)
        with pytest.raises(asyncpg.CheckViolationError):
            await tx.execute(assign, tenant, customer, foreign, stranger)
