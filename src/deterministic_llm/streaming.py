"""What a Model tells while an answer comes: a prompt and a target go in, a stream comes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast, overload

from typing_extensions import TypeForm, TypeVar, Unpack

from deterministic_llm._core.answering import AsyncOpening
from deterministic_llm._core.tasks import Task
from deterministic_llm._drivers.streams import AsyncItemStream, AsyncStream, ItemStream, Stream
from deterministic_llm.enforcer.enforcers import D, Fallback
from deterministic_llm.enforcer.options import ModelOptions
from deterministic_llm.enforcer.streams import AsyncKind, Kind, astream, check_listed, stream
from deterministic_llm.enforcer.terms import Terms
from deterministic_llm.sources import Asked, Prompt, messages_of
from deterministic_llm.targets import Declared, compiled

S = TypeVar("S")
E = TypeVar("E")
T = TypeVar("T")


class Streaming:
    """A model whose answers are told while they come; *_source* is where they come from."""

    _source: Asked

    @overload
    def stream(
        self,
        prompt: Prompt,
        output_type: Declared[T],
        *,
        on_exhausted: Literal["return_none"],
        **options: Unpack[ModelOptions],
    ) -> Stream[T | None]: ...
    @overload
    def stream(
        self,
        prompt: Prompt,
        output_type: TypeForm[T],
        *,
        on_exhausted: Literal["return_none"],
        **options: Unpack[ModelOptions],
    ) -> Stream[T | None]: ...
    @overload
    def stream(
        self,
        prompt: Prompt,
        output_type: Declared[T],
        *,
        on_exhausted: Fallback[D] = "raise",
        **options: Unpack[ModelOptions],
    ) -> Stream[T | D]: ...
    @overload
    def stream(
        self,
        prompt: Prompt,
        output_type: TypeForm[T],
        *,
        on_exhausted: Fallback[D] = "raise",
        **options: Unpack[ModelOptions],
    ) -> Stream[T | D]: ...
    def stream(
        self,
        prompt: Prompt,
        output_type: object,
        *,
        on_exhausted: object = "raise",
        **options: Unpack[ModelOptions],
    ) -> Stream[object]:
        """Ask, and tell what comes while it comes; nothing is asked before the first event is.

        It is meant for ``with llm.stream(...) as events``, and iterated in the block.
        """
        return self._stream(Stream, prompt, self._terms(output_type, on_exhausted, options))

    @overload
    def stream_items(
        self, prompt: Prompt, output_type: Declared[list[E]], **options: Unpack[ModelOptions]
    ) -> ItemStream[E]: ...
    @overload
    def stream_items(
        self, prompt: Prompt, output_type: TypeForm[list[E]], **options: Unpack[ModelOptions]
    ) -> ItemStream[E]: ...
    def stream_items(
        self, prompt: Prompt, output_type: object, **options: Unpack[ModelOptions]
    ) -> ItemStream[Any]:
        """Ask, and give each item of a list when it is there; raises SchemaError for no list."""
        return self._stream(ItemStream, prompt, self._listed(output_type, options))

    @overload
    def astream(
        self,
        prompt: Prompt,
        output_type: Declared[T],
        *,
        on_exhausted: Literal["return_none"],
        **options: Unpack[ModelOptions],
    ) -> AsyncStream[T | None]: ...
    @overload
    def astream(
        self,
        prompt: Prompt,
        output_type: TypeForm[T],
        *,
        on_exhausted: Literal["return_none"],
        **options: Unpack[ModelOptions],
    ) -> AsyncStream[T | None]: ...
    @overload
    def astream(
        self,
        prompt: Prompt,
        output_type: Declared[T],
        *,
        on_exhausted: Fallback[D] = "raise",
        **options: Unpack[ModelOptions],
    ) -> AsyncStream[T | D]: ...
    @overload
    def astream(
        self,
        prompt: Prompt,
        output_type: TypeForm[T],
        *,
        on_exhausted: Fallback[D] = "raise",
        **options: Unpack[ModelOptions],
    ) -> AsyncStream[T | D]: ...
    def astream(
        self,
        prompt: Prompt,
        output_type: object,
        *,
        on_exhausted: object = "raise",
        **options: Unpack[ModelOptions],
    ) -> AsyncStream[object]:
        """Ask, and tell what comes, for ``async with llm.astream(...) as events``."""
        return self._astream(AsyncStream, prompt, self._terms(output_type, on_exhausted, options))

    @overload
    def astream_items(
        self, prompt: Prompt, output_type: Declared[list[E]], **options: Unpack[ModelOptions]
    ) -> AsyncItemStream[E]: ...
    @overload
    def astream_items(
        self, prompt: Prompt, output_type: TypeForm[list[E]], **options: Unpack[ModelOptions]
    ) -> AsyncItemStream[E]: ...
    def astream_items(
        self, prompt: Prompt, output_type: object, **options: Unpack[ModelOptions]
    ) -> AsyncItemStream[Any]:
        """Ask, and give each item of a list; otherwise as astream()."""
        return self._astream(AsyncItemStream, prompt, self._listed(output_type, options))

    def _terms(
        self, output_type: object, on_exhausted: object, options: Mapping[str, object]
    ) -> Terms[object]:
        chosen = {**self._source.known.options, **options}
        return Terms(compiled(output_type), self._source, on_exhausted, chosen, output_type)

    def _task(self, prompt: Prompt, terms: Terms[T]) -> Task[T]:
        return terms.task().about(messages_of(prompt), terms.context((prompt,), {}))

    def _stream(
        self,
        kind: Kind[T, S],
        prompt: Prompt,
        terms: Terms[T],
    ) -> S:
        opening = self._source.in_turn(terms.others).stream
        return stream(kind, terms, self._task(prompt, terms), opening, terms.guards())

    def _astream(
        self,
        kind: AsyncKind[T, S],
        prompt: Prompt,
        terms: Terms[T],
    ) -> S:
        task = self._task(prompt, terms)

        async def ask() -> tuple[Task[T], AsyncOpening]:
            return task, self._source.in_turn(terms.others).astream

        return astream(kind, terms, task, ask, terms.guards())

    def _listed(self, output_type: object, options: Mapping[str, object]) -> Terms[list[object]]:
        """The terms of a target that is a list; raises SchemaError for any other."""
        terms = self._terms(output_type, "raise", options)
        check_listed(terms)
        return cast("Terms[list[object]]", terms)
