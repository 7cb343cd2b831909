"""Events as the services would make them, with what a test does not care about filled in."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4, uuid5

from schemas.analysis import Analysis, Intent, Line, Operation
from schemas.contact import Channel, Sender, contact_id, conversation_id
from schemas.customer_changed import Contact, CustomerChanged
from schemas.distributor_changed import DistributorChanged, DistributorStatus
from schemas.match import Match, MatchedLine, MatchingMethod, Product
from schemas.message_matched import MessageMatched
from schemas.message_received import MessageReceived
from tests.consuming import arrived

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
INTEGRATION = UUID("00000000-0000-0000-0000-00000000a001")


def received(
    distributor_id: UUID, text: str = "3 cs whole milk", *, sender: str = "+15550100001", external_id: str | None = None, **more: Any
) -> MessageReceived:
    """A WhatsApp message from `sender`."""
    customer_id: UUID | None = more.pop("customer_id", None)
    contact = contact_id(distributor_id, Channel.WHATSAPP, sender)
    return arrived(
        MessageReceived(
            distributor_id=distributor_id,
            occurred_at=NOW,
            conversation_id=conversation_id(distributor_id, Channel.WHATSAPP, customer_id or contact),
            channel=Channel.WHATSAPP,
            integration_id=INTEGRATION,
            channel_account="15550001001",
            external_message_id=external_id or f"wamid.{uuid4()}",
            sender=Sender(address=sender),
            customer_id=customer_id,
            content=text,
            sent_at=more.pop("sent_at", NOW),
            **more,
        )
    )


def distributor(distributor_id: UUID, **more: Any) -> DistributorChanged:
    """A distributor that confirms by itself whatever is above 0.7."""
    settings: dict[str, Any] = {
        "business_name": "Harbor Foods",
        "status": DistributorStatus.ACTIVE,
        "timezone": "America/New_York",
        "locale": "en",
        "currency": "USD",
        "ai_enabled": True,
        "ai_model_preference": None,
        "ai_confidence_threshold": Decimal("0.7"),
        "monthly_ai_budget_usd": None,
        "max_monthly_ai_requests": None,
        "order_cutoff_time": None,
        "delivery_weekdays": (1, 2, 3, 4, 5),
        "minimum_order_amount": None,
        "auto_confirm": True,
        "data_retention_days": None,
        "occurred_at": NOW,
    }
    return arrived(DistributorChanged(distributor_id=distributor_id, **(settings | more)))


def customer(distributor_id: UUID, customer_id: UUID, *addresses: str, **more: Any) -> CustomerChanged:
    """A customer for whom these WhatsApp numbers write."""
    contacts = tuple(
        Contact(contact_id=contact_id(distributor_id, Channel.WHATSAPP, address), channel=Channel.WHATSAPP, address=address) for address in addresses
    )
    settings: dict[str, Any] = {
        "business_name": "Mario's Pizza",
        "customer_code": "MARIO001",
        "language": None,
        "address": "1 Pier Street",
        "delivery_notes": None,
        "price_list_id": None,
        "occurred_at": NOW,
    }
    return arrived(CustomerChanged(distributor_id=distributor_id, customer_id=customer_id, contacts=contacts, **(settings | more)))


def product(sku: str, name: str, price: str = "10.00", unit: str = "case") -> Product:
    """A product of the catalog; the same sku is the same product."""
    return Product(product_id=uuid5(INTEGRATION, sku), sku=sku, name=name, unit=unit, unit_price=Decimal(price))


def line(
    phrase: str | None, quantity: str | None = None, *, of: Product | None = None, operation: Operation = Operation.ADD, **more: Any
) -> MatchedLine:
    """A line of a message, matched with certainty where a product is named."""
    match = (
        Match(method=MatchingMethod.EXACT_MATCH, product=of, score=Decimal(1), confidence=Decimal(1))
        if of
        else Match(method=MatchingMethod.UNMATCHED)
    )
    replaces_match: Match | None = more.pop("replaces_match", None)
    amount = Decimal(quantity) if quantity is not None else None
    return MatchedLine(line=Line(operation=operation, quantity=amount, product=phrase, **more), match=match, replaces=replaces_match)


def matched(
    distributor_id: UUID, conversation: UUID, *lines: MatchedLine, intent: Intent | None = None, customer_id: UUID | None = None, **more: Any
) -> MessageMatched:
    """A message of a conversation with its lines; `order_complete=True` for that's all."""
    analysis = Analysis(
        intent=intent or (Intent.ORDER if lines else Intent.OTHER),
        lines=tuple(each.line for each in lines),
        confidence=Decimal("0.9"),
        order_complete=more.pop("order_complete", False),
    )
    return arrived(
        MessageMatched(
            distributor_id=distributor_id,
            occurred_at=NOW,
            conversation_id=conversation,
            message_id=uuid4(),
            thread_position=more.pop("thread_position", 1),
            channel=Channel.WHATSAPP,
            customer_id=customer_id,
            contact_id=None,
            content=more.pop("content", "…"),
            sent_at=NOW,
            analysis=analysis,
            lines=lines,
        )
    )
