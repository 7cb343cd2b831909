"""What became of the conversations, as the webhooks told the distributors' own systems."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from deploy.demo.conversations import ExpectedLine, Outcome, Played, wamid
from deploy.demo.stand_ins.provider import Sent
from deploy.demo.stand_ins.receiver import Received

EVENTS = ["message.created", "order_session.changed", "order.created", "order.confirmed", "order.review_requested", "order.cancelled"]
"""What the demo's endpoints subscribe to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A conversation, what became of it, and what was wrong with that."""

    played: Played
    outcome: Outcome
    problem: str | None


@dataclass(slots=True)
class Told:
    """The webhooks, sorted by what they are about; times are seconds since 1970."""

    message_of_wamid: dict[str, str] = field(default_factory=dict[str, str])
    replies_to: dict[str, str] = field(default_factory=dict[str, str])
    sessions_of_message: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set[str]))
    newest_session: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    orders_of_session: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list[dict[str, Any]]))
    decided_at: dict[str, float] = field(default_factory=dict[str, float])


def sort(received: Iterable[Received]) -> Told:
    """Sort webhooks; each event counts once, however often it was delivered."""
    told, seen = Told(), set[str]()
    for webhook in received:
        if webhook.webhook_id in seen:
            continue
        seen.add(webhook.webhook_id)
        data: dict[str, Any] = webhook.event["data"]
        match webhook.event["type"]:
            case "message.created" if data["is_from_customer"]:
                told.message_of_wamid[data["external_message_id"]] = data["message_id"]
            case "message.created":
                told.replies_to[data["message_id"]] = data["reply_to_message_id"]
            case "order_session.changed":
                _note_session(told, data)
            case "order.confirmed" | "order.review_requested":
                told.orders_of_session[data["order_session_id"]].append(data)
                told.decided_at[data["order_session_id"]] = webhook.at
            case _:
                pass
    return told


def _note_session(told: Told, data: dict[str, Any]) -> None:
    session = data["order_session_id"]
    told.sessions_of_message[data["message_id"]].add(session)
    if session not in told.newest_session or told.newest_session[session]["version"] < data["version"]:
        told.newest_session[session] = data


def judge(run: str, played: Played, told: Told) -> Result:
    """Compare what became of a conversation with what had to."""
    wamids = [wamid(run, played, number) for number in range(len(played.conversation.messages))]
    missing = [each for each in wamids if each not in told.message_of_wamid]
    messages = [told.message_of_wamid[each] for each in wamids if each in told.message_of_wamid]
    sessions = {session for message in messages for session in told.sessions_of_message.get(message, ())}
    orders = [order for session in sessions for order in told.orders_of_session.get(session, ())]
    outcome = _outcome(orders, [told.newest_session[session] for session in sessions])
    return Result(played=played, outcome=outcome, problem=_problem(played, outcome, orders, len(missing)))


def _outcome(orders: Sequence[dict[str, Any]], sessions: Sequence[dict[str, Any]]) -> Outcome:
    if orders:
        return Outcome.REVIEW if orders[0]["status"] == "REVIEW" else Outcome.CONFIRMED
    if any(session["outcome"] == "CANCELLED" for session in sessions):
        return Outcome.CANCELLED
    return Outcome.OPEN


def _problem(played: Played, outcome: Outcome, orders: Sequence[dict[str, Any]], missing: int) -> str | None:
    expect = played.conversation.expect
    if missing:
        return f"{missing} of its messages were never told"
    if outcome is not expect.outcome:
        reasons = ", ".join(orders[0].get("reasons", ())) if orders else ""
        return f"{outcome} instead of {expect.outcome}" + (f" ({reasons})" if reasons else "")
    if len(orders) != (1 if expect.lines else 0):
        return f"{len(orders)} orders"
    if orders and (wrong := _difference(expect.lines, orders[0]["lines"])):
        return wrong
    return None


def _difference(expected: Sequence[ExpectedLine], lines: Sequence[dict[str, Any]]) -> str | None:
    wanted = [(line.sku or line.phrase, line.quantity) for line in expected]
    got = [(line["sku"] or line["product_name"], Decimal(line["quantity"])) for line in lines]
    if wanted == got:
        return None
    extra, lacking = [line for line in got if line not in wanted], [line for line in wanted if line not in got]
    return f"lines: {_named(lacking)} expected, {_named(extra)} ordered" if extra or lacking else "lines in another order"


def _named(lines: Sequence[tuple[str | None, Decimal]]) -> str:
    return ", ".join(f"{quantity.normalize():f} {name}" for name, quantity in lines) or "nothing more"


def reply_seconds(told: Told, posted: dict[str, float], sent: Sequence[Sent]) -> list[float]:
    """Return how long each answer took, from the customer's message to the provider's API."""
    posted_at = {message: posted[each] for each, message in told.message_of_wamid.items() if each in posted}
    return [each.at - posted_at[to] for each in sent if (to := told.replies_to.get(each.callback_data)) in posted_at]


def order_seconds(told: Told, posted: dict[str, float]) -> list[float]:
    """Return how long each order took, from the customer's yes to the webhook."""
    posted_at = {message: posted[each] for each, message in told.message_of_wamid.items() if each in posted}
    seconds: list[float] = []
    for session, decided in told.decided_at.items():
        yes = told.newest_session[session]["message_id"] if session in told.newest_session else None
        if yes in posted_at:
            seconds.append(decided - posted_at[yes])
    return seconds
