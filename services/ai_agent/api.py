"""What ai_agent shows and takes over HTTP."""

from fastapi import APIRouter

from services.ai_agent import prompts_api, responses_api, training_api, usage_api

router = APIRouter()
for part in (responses_api, usage_api, training_api, prompts_api):
    router.include_router(part.router)
