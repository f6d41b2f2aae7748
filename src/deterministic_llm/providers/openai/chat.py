"""One model behind a server of OpenAI's chat completions."""

from __future__ import annotations

import asyncio
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Unpack

from deterministic_llm.errors import ConfigurationError
from deterministic_llm.providers.openai.identity import UNHEARD, Identity, Page, next_page
from deterministic_llm.providers.openai.pages import page_of, unread
from deterministic_llm.providers.openai.posts import chat
from deterministic_llm.providers.openai.profiles import UNKNOWN, Profile
from deterministic_llm.providers.openai.service import OpenAIModel
from deterministic_llm.providers.openai.whois import Whois
from deterministic_llm.transport.bodies import read, read_async
from deterministic_llm.transport.deadline import Line, OverdueError, within
from deterministic_llm.transport.service import ClientOptions

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

_LONGEST_PAGE = 4_000_000
"""Bytes: a gateway may list thousands of models."""


_MAKING = 3
"""How much longer than for what it says is waited for a client to ask with."""


class ChatModel(OpenAIModel):
    """The model *name* on one server; *profile* says how that is asked, now or once it is known."""

    def __init__(
        self,
        name: str,
        *,
        profile: Profile | Whois = UNKNOWN,
        **options: Unpack[ClientOptions[OpenAI | AsyncOpenAI]],
    ) -> None:
        def now() -> Profile:
            return profile.profile if isinstance(profile, Whois) else profile

        super().__init__(name, chat(now), counts=now().counts, **options)

    def identify(self, seconds: float) -> Identity | None:
        """Ask the server which kind it is, for no longer than *seconds*; it is no call.

        Making a client, which imports the SDK at first, has thrice that time: the run waits for it
        anyway. None where there is none.
        """
        try:
            client = self._clients.within(_MAKING * seconds)
        except ConfigurationError:
            return None
        if client is None:
            return None
        try:
            return within(seconds, partial(self._identify, client, seconds))
        except OverdueError:
            return UNHEARD

    async def aidentify(self, seconds: float) -> Identity | None:
        """As identify(), awaited."""
        try:
            seat = await self._clients.awaiting()
        except ConfigurationError:
            return None
        pages: list[Page] = []
        try:
            async with asyncio.timeout(seconds), seat.used():
                while isinstance(step := next_page(pages), str):
                    pages.append(await self._afetched(seat.client, step, seconds))
        except TimeoutError:
            return UNHEARD
        return step

    def _identify(self, client: OpenAI, seconds: float, line: Line) -> Identity:
        until = monotonic() + seconds
        pages: list[Page] = []
        while isinstance(step := next_page(pages), str):
            left = until - monotonic()
            pages.append(self._fetched(client, step, left, line) if left > 0 else Page(step))
        return step

    def _fetched(self, client: OpenAI, path: str, seconds: float, line: Line) -> Page:
        try:
            response = self._server.fetch(client, path, seconds)
            line.take(response)
            try:
                return page_of(path, read(response, _LONGEST_PAGE), response.headers)
            finally:
                line.release()
                response.close()
        except Exception as error:  # noqa: BLE001  # whatever it is, the call itself will tell
            return unread(path, error)

    async def _afetched(self, client: AsyncOpenAI, path: str, seconds: float) -> Page:
        try:
            response = await self._server.afetch(client, path, seconds)
            try:
                raw = await read_async(response, _LONGEST_PAGE)
            finally:
                await response.aclose()
        except Exception as error:  # noqa: BLE001  # whatever it is, the call itself will tell
            return unread(path, error)
        return page_of(path, raw, response.headers)
