"""A folder of distributors, one folder each, read into what the services keep. deploy/demo/content/README.md says what the files hold."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import yaml

from schemas.contact import COMANDA, Channel
from services.accounts.customer import NewContact, NewCustomer
from services.accounts.distributor import NewDistributor
from services.catalog_matcher.category import Category
from services.catalog_matcher.product import NewProduct

SEPARATOR = "|"


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppNumber:
    """The number that a distributor's customers write to."""

    integration_id: UUID
    phone_number_id: str
    display_phone_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that is seeded of one distributor. Ids follow from subdomain, customer code, SKU and category, so seeding again writes the same rows."""

    distributor: NewDistributor
    whatsapp: WhatsAppNumber
    customers: tuple[NewCustomer, ...]
    categories: tuple[Category, ...]
    products: tuple[NewProduct, ...]


def distributor_id(subdomain: str) -> UUID:
    """Return the id of the seeded distributor of this subdomain."""
    return uuid5(COMANDA, f"distributor/{subdomain}")


def read(folder: Path) -> list[Content]:
    """Read every distributor of `folder`, by name. Raises OSError, and pydantic's ValidationError for what no service would keep."""
    return [_read_distributor(file.parent) for file in sorted(folder.glob("*/distributor.yaml"))]


def _read_distributor(folder: Path) -> Content:
    settings = _yaml(folder / "distributor.yaml")
    whatsapp = settings.pop("whatsapp")
    tenant = distributor_id(settings["subdomain"])
    with (folder / "products.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    categories = dict.fromkeys(row["category"] for row in rows)
    return Content(
        distributor=NewDistributor(id=tenant, **settings),
        whatsapp=WhatsAppNumber(
            integration_id=uuid5(COMANDA, f"integration/{tenant}/{whatsapp['phone_number_id']}"),
            phone_number_id=whatsapp["phone_number_id"],
            display_phone_number=whatsapp["display_phone_number"],
        ),
        customers=tuple(_customer(tenant, customer) for customer in _yaml(folder / "customers.yaml")),
        categories=tuple(Category(id=_category_id(tenant, name), name=name, sort_order=place) for place, name in enumerate(categories, 1)),
        products=tuple(_product(tenant, row) for row in rows),
    )


def _customer(tenant: UUID, written: dict[str, Any]) -> NewCustomer:
    contacts = tuple(
        NewContact(channel=channel, address=contact[channel.lower()], display_name=contact.get("display_name"))
        for contact in written.pop("contacts")
        for channel in Channel
        if channel.lower() in contact
    )
    return NewCustomer(id=uuid5(COMANDA, f"customer/{tenant}/{written['customer_code']}"), contacts=contacts, **written)


def _product(tenant: UUID, row: dict[str, str]) -> NewProduct:
    """Read a line of products.csv; an empty cell is as good as none."""
    values: dict[str, Any] = {name: value for name, value in row.items() if value}
    for several in ("aliases", "common_misspellings"):
        values[several] = tuple(values.get(several, "").split(SEPARATOR)) if several in values else ()
    return NewProduct(id=uuid5(COMANDA, f"product/{tenant}/{row['sku']}"), category_id=_category_id(tenant, row["category"]), **values)


def _category_id(tenant: UUID, name: str) -> UUID:
    return uuid5(COMANDA, f"category/{tenant}/{name}")


def _yaml(file: Path) -> Any:  # noqa: ANN401 - whatever the file holds; the models check it
    return yaml.safe_load(file.read_text(encoding="utf-8"))
