"""Sending by Twilio's Messages API, as SMS or as WhatsApp: `POST /2010-04-01/Accounts/{sid}/Messages.json`."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote, urlencode
from uuid import UUID

import aiohttp
from pydantic import SecretStr

from libs.channels.http_send import Answer, post, refusal
from libs.channels.send_result import Accepted, SendResult
from libs.channels.whatsapp_send import in_one_line

PASSING = {"14107", "20429", "20500", "20503", "21611", "30001", "30022", "63017", "63018"}
"""Error codes that pass with time: limits of rate, full queues, services that are away."""
WHATSAPP = "whatsapp:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Twilio:
    """Where the API is and who asks it. `status_callback` is where it tells what becomes of messages, null for nowhere."""

    session: aiohttp.ClientSession
    url: str
    account_sid: str
    auth_token: SecretStr
    status_callback: str | None


async def send_sms(twilio: Twilio, account: str, to: str, text: str, message_id: UUID) -> SendResult:
    """Send `text` as SMS from one E.164 number to another.

    Our `message_id` stands in the query of the status callback. Never raises for what the network or the provider does.
    """
    return await _send(twilio, {"From": account, "To": to, "Body": text}, message_id)


async def send_whatsapp(twilio: Twilio, account: str, to: str, text: str, message_id: UUID) -> SendResult:
    """Send `text` over WhatsApp; otherwise as `send_sms`."""
    return await _send(twilio, _between(account, to) | {"Body": text}, message_id)


async def send_whatsapp_template(twilio: Twilio, account: str, to: str, content_sid: str, text: str, message_id: UUID) -> SendResult:
    """Send an approved template with `text` as its only variable; otherwise as `send_sms`."""
    content = {"ContentSid": content_sid, "ContentVariables": json.dumps({"1": in_one_line(text)})}
    return await _send(twilio, _between(account, to) | content, message_id)


def _between(account: str, to: str) -> dict[str, str]:
    return {"From": WHATSAPP + account.removeprefix(WHATSAPP), "To": WHATSAPP + to}


async def _send(twilio: Twilio, form: dict[str, str], message_id: UUID) -> SendResult:
    if twilio.status_callback:
        form |= {"StatusCallback": f"{twilio.status_callback}?{urlencode({'message_id': message_id})}"}
    headers = {"Authorization": aiohttp.encode_basic_auth(twilio.account_sid, twilio.auth_token.get_secret_value())}
    url = f"{twilio.url}/2010-04-01/Accounts/{quote(twilio.account_sid, safe='')}/Messages.json"
    answer = await post(twilio.session, url, headers, form=form)
    if not isinstance(answer, Answer):
        return answer
    match answer.body:
        case {"sid": str(sid)} if answer.status == HTTPStatus.CREATED:
            return Accepted(sid)
        case {"code": int(code)}:
            return refusal(answer, str(code), PASSING)
        case _:
            return refusal(answer)
