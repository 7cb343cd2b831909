-- migrate:up

-- Files of products that are to be taken in, or only tried: the queue, and what became of them.
create table product_imports (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    filename text,
    storage_key text not null,
    sha256 text not null,
    size_bytes bigint not null check (size_bytes > 0),
    -- Columns of ours by the names that the file has for them, where these are not known to us.
    mapping jsonb not null default '{}' check (jsonb_typeof(mapping) = 'object'),
    dry_run boolean not null default false,
    state text not null default 'PENDING' check (state in ('PENDING', 'DONE', 'FAILED')),
    -- Null until the file was read.
    total_rows integer check (total_rows >= 0),
    rows_done integer not null default 0 check (rows_done >= 0),
    created integer not null default 0,
    updated integer not null default 0,
    unchanged integer not null default 0,
    refused integer not null default 0,
    -- Our columns, in the order of the file's; the file's own name where it is left out.
    columns jsonb check (jsonb_typeof(columns) = 'array'),
    -- Why the whole file was refused.
    problem text,
    requested_by uuid not null,
    attempt integer not null default 0 check (attempt >= 0),
    run_after timestamptz not null default now(),
    -- Until then some process is at it; once past, that process is taken for dead, and another goes on behind rows_done.
    locked_until timestamptz not null default '-infinity',
    finished_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id)
);
create index product_imports_due on product_imports (run_after) where state = 'PENDING';
call isolate_tenants('product_imports');
call open_to_workers('product_imports', 'select, update');
call keep_updated_at('product_imports');

-- What is wrong in which row of a file, and what to do about it.
create table product_import_problems (
    distributor_id uuid not null,
    import_id uuid not null,
    -- As a spreadsheet counts: 1 is the header.
    row_number integer not null check (row_number > 0),
    place integer not null check (place >= 0),
    -- As the file calls it; null where the row as a whole is meant.
    column_name text,
    problem text not null,
    created_at timestamptz not null default now(),
    primary key (distributor_id, import_id, row_number, place),
    foreign key (distributor_id, import_id) references product_imports (distributor_id, id) on delete cascade
);
call isolate_tenants('product_import_problems');

-- migrate:down

drop table product_import_problems, product_imports;
