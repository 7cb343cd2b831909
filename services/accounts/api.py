"""A distributor's own settings, and its customers."""

from http import HTTPStatus
from typing import Annotated, Any, TypeVar
from uuid import UUID, uuid4

from fastapi import APIRouter, Body, Depends, Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from libs import auth, postgres, service
from libs.auth import Caller, Role
from libs.idempotency import Once
from libs.postgres import Transaction
from libs.refused import NotFound
from libs.service import Service
from services.accounts import registry, store
from services.accounts.customer import Customer, CustomerDetails, CustomerToCreate, NewContact, NewCustomer
from services.accounts.distributor import Distributor, DistributorSettings, NewDistributor

router = APIRouter(prefix="/v1")

Operator = Annotated[Caller, auth.require(Role.OPERATOR)]
Manager = Annotated[Caller, auth.require(Role.MANAGER)]
Admin = Annotated[Caller, auth.require(Role.ADMIN)]
This = Annotated[Service, Depends(service.of)]
Patch = Annotated[dict[str, Any], Body(description="JSON merge patch (RFC 7396)")]
Details = TypeVar("Details", bound=BaseModel)


class CustomerPage(BaseModel):
    """Some customers, and the cursor of those that follow; null on the last page."""

    items: list[Customer]
    next: str | None


@router.get("/distributor", tags=["distributor"])
async def get_distributor(caller: Operator, this: This) -> Distributor:
    """The caller's own distributor."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        return _own(await store.select_distributor(tx, caller.distributor_id))


@router.patch("/distributor", tags=["distributor"])
async def change_distributor(caller: Admin, this: This, patch: Patch) -> Distributor:
    """Change the named settings. Plan, limits and status are not the distributor's to change."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        current = _own(await store.lock_distributor(tx, caller.distributor_id))
        settings = _patched(DistributorSettings, current, patch)
        wanted = NewDistributor.model_validate(current.model_dump(include=set(NewDistributor.model_fields)) | settings.model_dump())
        changed = await registry.save_distributors(tx, [wanted])
    this.wake()
    return changed[0] if changed else current


@router.get("/customers", tags=["customers"])
async def list_customers(
    caller: Operator, this: This, cursor: Annotated[str, Query(max_length=50)] = "", limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> CustomerPage:
    """Customers by their code."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found = await store.select_customers(tx, caller.distributor_id, cursor, limit)
    return CustomerPage(items=list(found), next=found[-1].customer_code if len(found) == limit else None)


@router.get("/customers/{customer_id}", tags=["customers"])
async def get_customer(caller: Operator, this: This, customer_id: UUID) -> Customer:
    """One customer."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        return await _customer(tx, caller, customer_id)


@router.post("/customers", tags=["customers"], status_code=HTTPStatus.CREATED, response_model=Customer)
async def create_customer(caller: Manager, once: Once, customer: CustomerToCreate) -> JSONResponse:
    """Add a customer."""

    async def act(tx: Transaction) -> Customer:
        [created] = await registry.save_customers(tx, caller.distributor_id, [NewCustomer(id=uuid4(), **customer.model_dump())])
        return created

    return await once(act, HTTPStatus.CREATED)


@router.patch("/customers/{customer_id}", tags=["customers"])
async def change_customer(caller: Manager, this: This, customer_id: UUID, patch: Patch) -> Customer:
    """Change the named fields of a customer."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        await store.lock_customer(tx, caller.distributor_id, customer_id)
        current = await _customer(tx, caller, customer_id)
        details = _patched(CustomerDetails, current, patch)
        await registry.save_customers(tx, caller.distributor_id, [NewCustomer(id=customer_id, **details.model_dump())])
        changed = await _customer(tx, caller, customer_id)
    this.wake()
    return changed


@router.post("/customers/{customer_id}/contacts", tags=["customers"], status_code=HTTPStatus.CREATED, response_model=Customer)
async def create_contact(caller: Manager, once: Once, customer_id: UUID, contact: NewContact) -> JSONResponse:
    """Let an address write for a customer."""
    return await once(lambda tx: registry.add_contact(tx, caller.distributor_id, customer_id, contact), HTTPStatus.CREATED)


def _patched(model: type[Details], current: BaseModel, patch: dict[str, Any]) -> Details:
    try:
        return model.model_validate(current.model_dump(include=set(model.model_fields)) | patch)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None


def _own(distributor: Distributor | None) -> Distributor:
    if distributor is None:
        raise NotFound("your distributor is not set up here")
    return distributor


async def _customer(tx: Transaction, caller: Caller, customer_id: UUID) -> Customer:
    found = await store.select_customers_by_id(tx, caller.distributor_id, [customer_id])
    if not found:
        raise NotFound(f"there is no customer {customer_id}")
    return found[0]
