"""The routes of message_store: conversations, their messages, search, files, personal data."""

from fastapi import APIRouter

from services.message_store import conversations_api, messages_api, search_api
from services.message_store.media import api as media_api
from services.message_store.pii import api as pii_api

router = APIRouter()
for each in (conversations_api, search_api, messages_api, media_api, pii_api):
    router.include_router(each.router)
