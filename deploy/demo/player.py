"""The customers: they write their messages, in order, through the signed webhook, and wait a moment for answers as people do."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus

import aiohttp

from deploy.demo.conversations import Message, Played, wamid
from deploy.demo.stand_ins.customer_messages import Json, image_message, signed_post, text_message, webhook
from deploy.demo.stand_ins.provider import Provider

AT_ONCE = 8
PATIENCE_SECONDS = 0.4
LOOK_SECONDS = 0.02


class Player:
    """Plays conversations against one ingest. `posted` tells when each message was accepted, by its wamid."""

    def __init__(self, webhook_url: str, app_secret: str, provider: Provider, run: str, tell: Callable[[Played], None]) -> None:
        self._url = webhook_url
        self._app_secret = app_secret
        self._provider = provider
        self._run = run
        self._tell = tell
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.posted: dict[str, float] = {}
        self.refused: list[tuple[str, int]] = []

    async def play(self, groups: Sequence[Sequence[Played]]) -> None:
        """Play all groups, some at a time; within a group one conversation after the other."""
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
            for group in groups:
                tasks.create_task(self._play_group(session, group))

    async def _play_group(self, session: aiohttp.ClientSession, group: Sequence[Played]) -> None:
        async with self._turns:
            for played in group:
                for call in _calls(played.conversation.messages):
                    await self._post(session, played, call)
                    await self._wait_for_an_answer(played)
                self._tell(played)

    async def _post(self, session: aiohttp.ClientSession, played: Played, numbers: range) -> None:
        """Deliver messages in one call, as often as the provider does."""
        messages = [played.conversation.messages[number] for number in numbers]
        wamids = [wamid(self._run, played, number) for number in numbers]
        body = webhook(*(_change(played, message, each) for message, each in zip(messages, wamids, strict=True)))
        started = time.time()
        times = max(message.delivered for message in messages)
        statuses = await asyncio.gather(*(signed_post(session, self._url, self._app_secret, body) for _ in range(times)))
        self.posted |= dict.fromkeys(wamids, started)
        self.refused += [(played.conversation.name, status) for status in statuses if status != HTTPStatus.OK]

    async def _wait_for_an_answer(self, played: Played) -> None:
        before, deadline = self._answers_to(played), time.monotonic() + PATIENCE_SECONDS
        while self._answers_to(played) == before and time.monotonic() < deadline:  # noqa: ASYNC110 - people look at their phones too
            await asyncio.sleep(LOOK_SECONDS)

    def _answers_to(self, played: Played) -> int:
        number = played.conversation.sender.lstrip("+")
        return sum(1 for sent in self._provider.sent if sent.to.lstrip("+") == number)


def _calls(messages: Sequence[Message]) -> Iterator[range]:
    """The messages of each call: one, and those that come together with it."""
    start = 0
    for number in range(1, len(messages) + 1):
        if number == len(messages) or not messages[number].together:
            yield range(start, number)
            start = number


def _change(played: Played, message: Message, each: str) -> Json:
    sender, account = played.conversation.sender, played.phone_number_id
    if message.image is not None:
        return image_message(account, sender, each, caption=message.image.caption)
    return text_message(account, sender, message.text or "", each)
