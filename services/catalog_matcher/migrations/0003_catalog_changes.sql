-- migrate:up

-- Which products changed with each count of catalog_versions, so that an index in memory reads those alone. A version that has no row
-- here changed too much to be told one by one, or something beside products: then everything is read again.
create table catalog_changes (
    distributor_id uuid not null,
    version bigint not null,
    product_id uuid not null,
    primary key (distributor_id, version, product_id)
);
call isolate_tenants('catalog_changes');

-- Runs behind count_catalog_change, whose triggers have names that come before: it holds the row of the tenant until the transaction ends,
-- so versions are told in the order in which they are committed.
create function note_catalog_change() returns trigger
    language plpgsql
    as $$
begin
    insert into catalog_changes (distributor_id, version, product_id)
    select c.distributor_id, v.version, c.id
      from changed c join catalog_versions v on v.distributor_id = c.distributor_id
     where (select count(*) from changed) <= 500
        on conflict do nothing;
    delete from catalog_changes past
     using (select distinct distributor_id from changed) c join catalog_versions v on v.distributor_id = c.distributor_id
     where past.distributor_id = c.distributor_id and past.version <= v.version - 200;
    return null;
end $$;
create trigger products_vnoted_inserted
    after insert on products referencing new table as changed for each statement execute function note_catalog_change();
create trigger products_vnoted_updated
    after update on products referencing new table as changed for each statement execute function note_catalog_change();
create trigger products_vnoted_deleted
    after delete on products referencing old table as changed for each statement execute function note_catalog_change();

-- migrate:down

drop trigger products_vnoted_inserted on products;
drop trigger products_vnoted_updated on products;
drop trigger products_vnoted_deleted on products;
drop function note_catalog_change;
drop table catalog_changes;
