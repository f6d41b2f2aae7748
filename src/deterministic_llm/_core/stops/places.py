"""Where what an answer says belongs: places in its text go in, places in the whole come out.

They are the same, but for an answer to a question for some members: its keys stand for places.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TypeAlias

from deterministic_llm._core.drafts import Patch
from deterministic_llm._core.schema.locations import Location, value_at
from deterministic_llm._core.schema.sites import IGNORED, UNKNOWN, Members, Site, Token
from deterministic_llm._core.schema.violations import json_path, step

Spot: TypeAlias = tuple[Site, Location, str]
"""A place of an answer: its site, its location in the whole, and that as a JSONPath."""


class Around:
    """A container of an answer, from which its members are found; *shift* items came before."""

    __slots__ = ("path", "shift", "site", "whole")

    def __init__(self, site: Site, whole: Location, path: str, shift: int = 0) -> None:
        self.site = site
        self.whole = whole
        self.path = path
        self.shift = shift

    def at(self, token: Token) -> Spot:
        """The place of the member or item *token*."""
        if self.shift and isinstance(token, int):
            token += self.shift
        return self.site.inner(token), (*self.whole, token), self.path + step(token)

    def inner(self, token: Token) -> Around:
        """The container at *token*."""
        return Around(*self.at(token))


class _Asked(Around):
    """The object that brings the members of a *patch*, each under its key."""

    __slots__ = ("_patch",)

    def __init__(self, site: Site, patch: Patch) -> None:
        super().__init__(site, (), "$")
        self._patch = patch

    def at(self, token: Token) -> Spot:
        place = self._patch.places.get(str(token))
        site = self.site.inner(token)
        if place is None:
            return IGNORED, (token,), json_path((token,))
        return site, place.location, json_path(place.location)

    def inner(self, token: Token) -> Around:
        place = self._patch.places.get(str(token))
        before = None if place is None else value_at(self._patch.base, place.location)
        appends = place is not None and place.appends and isinstance(before, list)
        return Around(*self.at(token), len(before) if appends and isinstance(before, list) else 0)


def whole_answer(site: Site | None, patch: Patch | None) -> Around:
    """The outermost container of an answer for the whole at *site*, or for *patch* alone."""
    whole = UNKNOWN if site is None else site
    if patch is None:
        return Around(whole, (), "$")
    return _Asked(Site(open_=partial(_asked, whole, patch)), patch)


def _asked(whole: Site, patch: Patch) -> Members:
    """What stands under each key of an answer for the members of *patch*."""
    named: Mapping[Token, Site] = {
        key: _rest(site) if place.appends else site
        for key, place in patch.places.items()
        for site in (_site_at(whole, place.location),)
    }
    return Members(named, IGNORED, UNKNOWN)


def _site_at(site: Site, location: Location) -> Site:
    for token in location:
        site = site.inner(token)
    return site


def _rest(site: Site) -> Site:
    """The place of what follows in the list or mapping at *site*: only its members say anything."""
    return Site(open_=lambda: Members({}, site.inner(""), site.inner(0)), standing="ignored")
