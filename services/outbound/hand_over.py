"""Hands a message to the provider of its integration, in the provider's own terms."""

from datetime import datetime
from uuid import UUID

import aiohttp
from pydantic import SecretStr

from libs import public_addresses
from libs.channels import gateway_send, mailgun_send, postmark_send, sendgrid_send, twilio_send, whatsapp_send
from libs.channels.gateway_send import Gateway, Reply
from libs.channels.mail_send import Mail, reply_subject
from libs.channels.mailgun_send import Mailgun
from libs.channels.postmark_send import Postmark
from libs.channels.send_result import Rejected, SendResult
from libs.channels.sendgrid_send import SendGrid
from libs.channels.twilio_send import Twilio
from libs.channels.whatsapp_send import WhatsAppCloud
from schemas.contact import Channel
from schemas.integration_changed import Provider
from services.outbound import credentials
from services.outbound.credentials import named
from services.outbound.domain import Circumstances, Claimed, Integration, MetaTemplate, TwilioTemplate, needs_template, template
from services.outbound.sessions import Sessions
from services.outbound.settings import OutboundSettings

Credentials = dict[str, SecretStr]


async def hand_over(sessions: Sessions, settings: OutboundSettings, message: Claimed, known: Circumstances, now: datetime) -> SendResult:
    """Send `message`, to which there is no objection. Raises CredentialMissing, NotDecryptable or ValueError for credentials that are of no use."""
    integration, session = known.integration, sessions.providers
    if integration is None:
        return await _by_default(session, settings, message)
    held = credentials.unseal(settings.master_key, message.integration_id, integration)
    prepared = template(integration) if needs_template(message, known, now) else None
    match integration.provider, message.channel:
        case Provider.META, Channel.WHATSAPP:
            token = held.get("access_token", settings.whatsapp_access_token)
            return await _by_meta(WhatsAppCloud(session=session, url=settings.whatsapp_api_url, access_token=token), integration, message, prepared)
        case Provider.TWILIO, Channel.SMS | Channel.WHATSAPP:
            return await _by_twilio(_twilio(session, settings, message.integration_id, held), integration, message, prepared)
        case ((Provider.SENDGRID | Provider.MAILGUN | Provider.POSTMARK), Channel.EMAIL):
            return await _by_mail(session, settings, integration, held, _mail(message, integration, known))
        case Provider.GATEWAY, _:
            return await _by_gateway(sessions.gateways, settings, integration, held, _reply(message, integration, known), now)
        case _:
            return Rejected("CHANNEL_NOT_SUPPORTED")


async def _by_default(session: aiohttp.ClientSession, settings: OutboundSettings, message: Claimed) -> SendResult:
    """Send what belongs to an integration that nobody told us of: over WhatsApp, with the installation's own token."""
    if message.channel != Channel.WHATSAPP:
        return Rejected("CHANNEL_NOT_SUPPORTED")
    cloud = WhatsAppCloud(session=session, url=settings.whatsapp_api_url, access_token=settings.whatsapp_access_token)
    return await whatsapp_send.send_text(cloud, message.channel_account or "", message.address or "", message.content, message.message_id)


async def _by_meta(cloud: WhatsAppCloud, integration: Integration, message: Claimed, prepared: MetaTemplate | TwilioTemplate | None) -> SendResult:
    account, to, text, message_id = integration.account, message.address or "", message.content, message.message_id
    if isinstance(prepared, MetaTemplate):
        return await whatsapp_send.send_template(cloud, account, to, prepared.name, prepared.language, text, message_id)
    return await whatsapp_send.send_text(cloud, account, to, text, message_id)


async def _by_twilio(twilio: Twilio, integration: Integration, message: Claimed, prepared: MetaTemplate | TwilioTemplate | None) -> SendResult:
    account, to, text, message_id = integration.account, message.address or "", message.content, message.message_id
    if message.channel == Channel.SMS:
        return await twilio_send.send_sms(twilio, account, to, text, message_id)
    if isinstance(prepared, TwilioTemplate):
        return await twilio_send.send_whatsapp_template(twilio, account, to, prepared.content_sid, text, message_id)
    return await twilio_send.send_whatsapp(twilio, account, to, text, message_id)


async def _by_mail(session: aiohttp.ClientSession, settings: OutboundSettings, integration: Integration, held: Credentials, mail: Mail) -> SendResult:
    match integration.provider:
        case Provider.SENDGRID:
            sendgrid = SendGrid(session=session, url=settings.sendgrid_api_url, api_key=named(held, "api_key"))
            return await sendgrid_send.send_mail(sendgrid, mail)
        case Provider.MAILGUN:
            url = settings.mailgun_eu_api_url if integration.config.get("region") == "EU" else settings.mailgun_api_url
            domain = named(held, "domain").get_secret_value()
            return await mailgun_send.send_mail(Mailgun(session=session, url=url, domain=domain, api_key=named(held, "api_key")), mail)
        case _:
            postmark = Postmark(session=session, url=settings.postmark_api_url, server_token=named(held, "server_token"))
            return await postmark_send.send_mail(postmark, mail)


async def _by_gateway(
    session: aiohttp.ClientSession, settings: OutboundSettings, integration: Integration, held: Credentials, reply: Reply, now: datetime
) -> SendResult:
    url = integration.config.get("reply_url")
    if not isinstance(url, str):
        return Rejected("NO_REPLY_URL")
    if public_addresses.why_not(url, allow_loopback=settings.gateway_allow_loopback):
        return Rejected("REPLY_URL_NOT_ALLOWED")
    return await gateway_send.send(Gateway(session=session, url=url, secret=named(held, "webhook_secret")), reply, now)


def _reply(message: Claimed, integration: Integration, known: Circumstances) -> Reply:
    is_mail = message.channel == Channel.EMAIL
    return Reply(
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        channel=message.channel,
        account=message.channel_account or integration.account,
        to=message.address or "",
        text=message.content,
        subject=reply_subject(known.mail_subject) if is_mail else None,
        answers=known.mail_id if is_mail else None,
    )


def _twilio(session: aiohttp.ClientSession, settings: OutboundSettings, integration_id: UUID, held: Credentials) -> Twilio:
    """Return how Twilio is reached; what becomes of messages it is to tell ingest."""
    callback = f"{settings.public_url.rstrip('/')}/webhooks/twilio/{integration_id}/status" if settings.public_url else None
    return Twilio(
        session=session,
        url=settings.twilio_api_url,
        account_sid=named(held, "account_sid").get_secret_value(),
        auth_token=named(held, "auth_token"),
        status_callback=callback,
    )


def _mail(message: Claimed, integration: Integration, known: Circumstances) -> Mail:
    name = integration.config.get("from_name")
    return Mail(
        sender=integration.account,
        sender_name=" ".join(name.split()) if isinstance(name, str) else "",
        to=message.address or "",
        subject=reply_subject(known.mail_subject),
        text=message.content,
        answers=known.mail_id,
        message_id=message.message_id,
    )
