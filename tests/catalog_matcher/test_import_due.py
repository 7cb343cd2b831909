"""Files of products are taken in: by SKU, batch by batch, once, whatever happens meanwhile."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs import postgres
from libs.postgres import Pool
from schemas.product_changed import ProductChanged
from services.catalog_matcher import categories_store, import_due, imports_store, store, variants_store
from services.catalog_matcher.imports_store import ProductImport
from services.catalog_matcher.product import StoredProduct
from services.catalog_matcher.settings import CatalogMatcherSettings
from tests.catalog_matcher.conftest import AddProduct
from tests.catalog_matcher.importing import make_due, service_on, settings, workbook
from tests.consuming import said

FIRST = UUID(int=0)
HEADER = "SKU;Producto;Unidad;Precio;Categoría;Alias"


class Killed(BaseException):
    """The process ends here and now."""


class Imports:
    """A tenant that sends files, and a process that takes them in."""

    def __init__(self, pool: Pool, told: CatalogMatcherSettings) -> None:
        self.pool, self.settings, self.tenant = pool, told, uuid4()

    async def send(self, content: bytes | str, **more: Any) -> UUID:
        """Queue a file."""
        import_id, folder = uuid4(), self.settings.storage_folder
        body = content if isinstance(content, bytes) else content.encode()
        key = f"{self.tenant}/imports/{import_id}"
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(body)
        values = {"id": import_id, "filename": "a.csv", "storage_key": key, "sha256": "0", "size_bytes": len(body), "mapping": {}, "dry_run": False}
        async with postgres.tenant_transaction(self.pool, [self.tenant]) as tx:
            await imports_store.insert_import(tx, self.tenant, values | {"requested_by": uuid4()} | more)
        return import_id

    async def take_in(self, content: bytes | str, **more: Any) -> ProductImport:
        """Queue a file, take it in, and return what became of it."""
        import_id = await self.send(content, **more)
        assert await import_due.import_due(service_on(self.pool, self.settings)) == 1
        return await self.outcome(import_id)

    async def outcome(self, import_id: UUID) -> ProductImport:
        async with postgres.tenant_transaction(self.pool, [self.tenant]) as tx:
            found = await imports_store.select_import(tx, self.tenant, import_id)
        assert found
        return found

    async def problems(self, import_id: UUID) -> list[tuple[int, str | None, str]]:
        async with postgres.tenant_transaction(self.pool, [self.tenant]) as tx:
            found = await imports_store.select_problems(tx, self.tenant, import_id, 0, 0, 100)
        return [(each.row_number, each.column_name, each.problem) for each in found]

    async def products(self) -> Sequence[StoredProduct]:
        async with postgres.tenant_transaction(self.pool, [self.tenant]) as tx:
            return await store.select_products(tx, self.tenant, None, "", 100)


@pytest.fixture
def imports(pool: Pool, folder: Path) -> Imports:
    """A tenant without products."""
    return Imports(pool, settings(folder))


async def test_a_file_becomes_products_with_their_categories_and_units_and_is_told(imports: Imports) -> None:
    done = await imports.take_in("sku,name,uom,price,category,alias,case pack,upc\nA,Whole Milk,case,$17.90,Dairy > Milk,milk|leche,4,012345678905\n")

    assert (done.state, done.total_rows, done.rows_done, done.created, done.refused) == ("DONE", 1, 1, 1, 0)
    [milk] = await imports.products()
    assert (milk.sku, milk.name, milk.unit, milk.unit_price, milk.category, milk.aliases) == (
        "A",
        "Whole Milk",
        "case",
        Decimal("17.90"),
        "Milk",
        ("milk", "leche"),
    )
    async with postgres.tenant_transaction(imports.pool, [imports.tenant]) as tx:
        categories = {each.id: each for each in await categories_store.select_categories(tx, imports.tenant, FIRST, 10)}
        units = await variants_store.select_units(tx, imports.tenant, milk.id, FIRST, 10)
    assert milk.category_id
    above = categories[milk.category_id].parent_category_id
    assert above
    assert (categories[milk.category_id].name, categories[above].name) == ("Milk", "Dairy")
    assert {(unit.unit, unit.factor, unit.gtin) for unit in units} == {("case", 4, "012345678905"), ("each", 1, None)}
    [told] = await said(imports.pool, imports.tenant, ProductChanged)
    assert (told.sku, {unit.unit: unit.factor for unit in told.units}) == ("A", {"case": 4, "each": 1})


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\nA;Leche entera;caja;1.017,90;Lácteos;leche\n".encode(),
        f"{HEADER}\nA;Leche entera;caja;1.017,90;Lácteos;leche\n".encode("cp1252"),
        f"{HEADER}\nA;Leche entera;caja;1.017,90;Lácteos;leche\n".encode("utf-16"),
        f"{HEADER}\nA;Leche entera;caja;1.017,90;Lácteos;leche\n".encode("utf-8-sig"),
        f"{HEADER}\nA;Leche entera;caja;1.017,90;Lácteos;leche\n".replace(";", "\t").encode(),
        f'{HEADER}\nA;"Leche entera";caja;"1 017,90";Lácteos;leche\n'.encode(),
        workbook(HEADER.split(";"), ["A", "Leche entera", "caja", 1017.9, "Lácteos", "leche"]),
    ],
    ids=["utf-8", "cp1252", "utf-16", "marked", "tabs", "quoted", "xlsx"],
)
async def test_a_file_is_read_in_whatever_form_it_comes(imports: Imports, content: bytes) -> None:
    done = await imports.take_in(content)

    [product] = await imports.products()
    assert (done.state, done.created) == ("DONE", 1)
    assert (product.name, product.unit, product.unit_price, product.category) == ("Leche entera", "caja", Decimal("1017.9"), "Lácteos")


async def test_a_file_of_prices_changes_prices_alone_and_what_does_not_differ_is_not_told(imports: Imports, add_product: AddProduct) -> None:
    milk = await add_product(imports.tenant, "A", "Whole Milk", aliases=("milk",), unit_price=Decimal(17))
    await add_product(imports.tenant, "B", "Butter", unit_price=Decimal(30))

    done = await imports.take_in("code,price,alias\nA,18,\nB,30,\nC,5,\n")

    assert (done.created, done.updated, done.unchanged, done.refused) == (0, 1, 1, 1)
    [a, b] = await imports.products()
    assert (a.id, a.name, a.aliases, a.unit_price, b.unit_price) == (milk.id, "Whole Milk", ("milk",), 18, 30)
    assert [event.sku for event in await said(imports.pool, imports.tenant, ProductChanged)] == ["A"]
    assert await imports.problems(done.id) == [(4, column, "is empty; a new product needs it") for column in ("name", "unit", "unit_price")[:2]]


async def test_what_is_wrong_is_told_by_row_and_column_and_the_other_rows_are_taken_in(imports: Imports) -> None:
    done = await imports.take_in(
        "Item No,Name,UOM,Price,Min,Max,In Stock\n"
        "A,Milk,case,17,1,60,yes\n"
        ",Butter,case,30,,,\n"
        "C,Cream,case,cheap,,,perhaps\n"
        "\n"
        "A,Milk again,case,17,,,\n"
        "D,Oil,case,-3,,,\n"
    )

    assert (done.state, done.total_rows, done.created, done.refused) == ("DONE", 6, 1, 4)
    found = await imports.problems(done.id)
    assert [(row, column) for row, column, _ in found] == [(3, "Item No"), (4, "Price"), (4, "In Stock"), (6, "Item No"), (7, "Price")]
    assert [text.partition(";")[0] for _, _, text in found] == [
        "is empty",
        "is not a number",
        "is neither yes nor no",
        "stands in row 2 already",
        "input should be greater than or equal to 0",
    ]


async def test_a_dry_run_says_what_would_become_of_the_rows_and_changes_nothing(imports: Imports, add_product: AddProduct) -> None:
    await add_product(imports.tenant, "A", "Whole Milk", unit_price=Decimal(17))

    done = await imports.take_in("sku,name,unit,price,category\nA,Whole Milk,case,18,Dairy\nB,Butter,case,30,Dairy\nC,,case,1,\n", dry_run=True)

    assert (done.state, done.created, done.updated, done.unchanged, done.refused) == ("DONE", 1, 1, 0, 1)
    assert [(product.sku, product.unit_price) for product in await imports.products()] == [("A", 17)]
    assert await said(imports.pool, imports.tenant) == []


async def test_columns_are_mapped_as_the_sender_says(imports: Imports) -> None:
    done = await imports.take_in("sku,Artikel,unit,price,Notes\nA,Milch,case,17,name\n", mapping={"Artikel": "name", "notes": ""})

    assert done.columns == ["sku", "name", "unit", "unit_price", "Notes"]
    assert [product.name for product in await imports.products()] == ["Milch"]


@pytest.mark.parametrize(
    ("content", "mapping", "problem"),
    [
        ("name,unit,price\nMilk,case,1\n", {}, "no column is the SKU"),
        ("sku,code,name\nA,A,Milk\n", {}, "two columns of the file would be sku"),
        ("sku,name\nA,Milk\n", {"Artikel": "name"}, "columns that the file does not have: Artikel"),
        ("sku,name\nA,Milk\n", {"name": "colour"}, "the mapping names colour"),
        (b"PK\x03\x04 not a workbook", {}, "the workbook cannot be opened"),
        (b"\x00\xff\xfe\xfd\x00\x00", {}, "no column is the SKU"),
    ],
)
async def test_a_file_that_is_none_of_products_is_refused_as_a_whole(
    imports: Imports, content: bytes | str, mapping: dict[str, str], problem: str
) -> None:
    done = await imports.take_in(content, mapping=mapping)

    assert done.state == "FAILED"
    assert done.problem
    assert problem in done.problem
    assert await imports.products() == []


async def test_after_a_crash_another_process_goes_on_behind_the_last_batch(imports: Imports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_due, "BATCH_ROWS", 2)
    rows = [f"S{number},Product {number},case,1" for number in range(5)]
    import_id = await imports.send("\n".join(["sku,name,unit,price", *rows, "S0,Again,case,1"]))
    first = service_on(imports.pool, imports.settings)
    write, times = store.write_products, 0

    async def dies(*given: Any) -> Any:
        nonlocal times
        times += 1
        if times == 2:
            raise Killed
        return await write(*given)

    monkeypatch.setattr(store, "write_products", dies)
    with pytest.raises(Killed):
        await import_due.import_due(first)
    halfway = await imports.outcome(import_id)
    assert (halfway.state, halfway.rows_done, halfway.created) == ("PENDING", 2, 2)
    assert await import_due.import_due(first) == 0, "its lease keeps it"
    await make_due(imports.pool, imports.tenant)

    assert await import_due.import_due(service_on(imports.pool, imports.settings)) == 1

    done = await imports.outcome(import_id)
    assert (done.state, done.rows_done, done.created, done.refused) == ("DONE", 6, 5, 1)
    assert len(await imports.products()) == 5
    assert sorted(event.sku for event in await said(imports.pool, imports.tenant, ProductChanged)) == ["S0", "S1", "S2", "S3", "S4"]


async def test_a_process_whose_file_was_taken_over_writes_nothing_more(imports: Imports) -> None:
    import_id = await imports.send("sku,name,unit,price\nA,Milk,case,1\n")
    async with postgres.worker_transaction(imports.pool) as worker:
        slow = await imports_store.claim_due(worker, import_due.LEASE)
    assert slow
    await make_due(imports.pool, imports.tenant)
    assert await import_due.import_due(service_on(imports.pool, imports.settings)) == 1

    async with postgres.tenant_transaction(imports.pool, [imports.tenant]) as tx:
        assert not await imports_store.update_progress(tx, slow, imports_store.Progress(rows_done=1, created=1), import_due.LEASE)

    assert (await imports.outcome(import_id)).created == 1


async def test_a_file_that_is_gone_is_said_to_be(imports: Imports) -> None:
    import_id = await imports.send("sku\nA\n")
    (imports.settings.storage_folder / f"{imports.tenant}/imports/{import_id}").unlink()

    await import_due.import_due(service_on(imports.pool, imports.settings))

    done = await imports.outcome(import_id)
    assert (done.state, done.problem) == ("FAILED", "the file is not in the storage any more; send it again")
