"""Damages to the notation: quotes, commas, literals, comments, keys, cuts, and no JSON at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import cast

from benchmarks.drafts import Damage, Draft, is_intact
from benchmarks.layers import is_called
from benchmarks.specimens import WORDS, JsonObject
from benchmarks.writing import COMMENTS, KEY_STYLES, Style, Tree, Verbatim
from deterministic_llm import JsonValue

_PLAIN = Style()
_GOES_ON = ("trailing", "comments", "closers", "escaped", "bare_words", "split_strings")
"""Styles that leave open whether a text that is cut has ended."""


def _style(when: Callable[[Style], bool] = lambda _: True, **options: object) -> Damage:
    """Another style, unless one of its own is set, or the text is cut, escaped or no JSON."""

    def damage(draft: Draft, rng: Random) -> Draft | None:
        style = draft.style
        fixed = style.cut is not None or style.escaped or isinstance(draft.tree, Verbatim)
        if fixed or not when(style) or any(_differs(style, name) for name in options):
            return None
        return draft.styled(
            **{
                name: rng.choice(option) if isinstance(option, tuple) else option
                for name, option in options.items()
            }
        )

    return damage


def _differs(style: Style, name: str) -> bool:
    return bool(getattr(style, name) != getattr(_PLAIN, name))


def _key_style(draft: Draft, rng: Random) -> Draft | None:
    """Another style of keys, of one that is required at least: else they could be extra members."""
    if _differs(draft.style, "key_style") or not draft.style.key:
        return None
    whole = cast("JsonObject", draft.schema.get("items", draft.schema))
    required = cast("list[str]", whole["required"])
    styles = [
        style for style, form in KEY_STYLES.items() if any(form(name) != name for name in required)
    ]
    return draft.styled(key_style=rng.choice(styles))


def _closers(draft: Draft, rng: Random) -> Draft | None:
    return None if is_called(draft) else _style(closers=("}", "]}", "}}"))(draft, rng)


def _escape(draft: Draft, rng: Random) -> Draft | None:
    del rng
    style = draft.style
    kept = {name: getattr(style, name) for name in ("indented", "restyled", "seed", "key_style")}
    plain = style == replace(_PLAIN, **kept) and not isinstance(draft.tree, Verbatim)
    return draft.styled(escaped=True) if plain and not is_called(draft) else None


def _cut(draft: Draft, rng: Random) -> Draft | None:
    """The text ends within or before an optional member, all else closed."""
    style = draft.style
    goes_on = any(_differs(style, name) for name in (*_GOES_ON, "inner_quotes", "comma", "cut"))
    if goes_on or draft.layers or not isinstance(draft.value, dict) or not is_intact(draft):
        return None
    required = cast("list[str]", draft.schema["required"])
    kept = {name: each for name, each in draft.value.items() if name in required}
    tail = "" if isinstance([*kept.values()][-1], str | list | dict) else ","
    optional = [name for name in draft.value if name not in required]
    if optional:
        tail = f',\n  "{optional[0]}": ' + rng.choice(("", '"unfinis', "1", "tr"))
    return replace(draft, value=kept, tree=cast("Tree", kept)).styled(cut=tail)


def _lines(form: Callable[[str, str], str]) -> Damage:
    """A flat object of plain words and numbers as lines of keys and values."""

    def damage(draft: Draft, rng: Random) -> Draft | None:
        del rng
        if not _rewritable(draft) or not _is_flat(draft.value):
            return None
        members = cast("dict[str, JsonValue]", draft.value).items()
        lines = [form(key, _bare(each)) for key, each in members]
        return replace(draft, tree=Verbatim("\n".join(lines)))

    return damage


def _json_lines(draft: Draft, rng: Random) -> Draft | None:
    del rng
    if not _rewritable(draft) or not isinstance(draft.value, list) or len(draft.value) < 2:
        return None
    lines = [json.dumps(item, ensure_ascii=False) for item in draft.value]
    return replace(draft, tree=Verbatim("\n".join(lines)))


def _table(draft: Draft, rng: Random) -> Draft | None:
    """A list of flat objects with the same keys as a Markdown table."""
    del rng
    if not _rewritable(draft) or not isinstance(draft.value, list):
        return None
    rows = cast("list[dict[str, JsonValue]]", draft.value)
    if not all(_is_flat(row) and row.keys() == rows[0].keys() for row in rows):
        return None
    cells = [
        [*rows[0]],
        ["---"] * len(rows[0]),
        *([_bare(each) for each in row.values()] for row in rows),
    ]
    return replace(draft, tree=Verbatim("\n".join(f"| {' | '.join(line)} |" for line in cells)))


def _rewritable(draft: Draft) -> bool:
    plain = replace(
        _PLAIN, **{name: getattr(draft.style, name) for name in ("indented", "restyled", "seed")}
    )
    return draft.style == plain and not draft.layers and is_intact(draft)


def _is_flat(value: JsonValue) -> bool:
    if not isinstance(value, dict):
        return False
    return all(
        isinstance(each, int | float)
        or (isinstance(each, str) and (" " not in each or each in WORDS))
        for each in value.values()
    )


def _bare(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)


SYNTAX: Mapping[str, Damage] = {
    "trailing commas": _style(trailing=True),
    "missing commas": _style(
        lambda style: style.indented and not style.bare_words and not style.split_strings,
        comma="",
    ),
    "doubled commas": _style(comma=",,"),
    "single quotes": _style(lambda style: not style.inner_quotes, string="'", key="'"),
    "smart quotes": _style(lambda style: not style.inner_quotes, string="smart", key="smart"),
    "backtick quotes": _style(lambda style: not style.inner_quotes, string="backtick"),
    "bare keys": _style(lambda style: style.key_style not in {"kebab", "title"}, key=""),
    "bare words": _style(lambda style: bool(style.comma), bare_words=True),
    "Python literals": _style(literals="python"),
    "upper-case literals": _style(literals="upper"),
    "odd numbers": _style(numbers="odd"),
    "comments": _style(comments=tuple(COMMENTS)),
    "raw newlines": _style(lambda style: not style.inner_quotes, raw_newlines=True),
    "unescaped quotes": _style(
        lambda style: style.string == '"' and not style.raw_newlines and not style.split_strings,
        inner_quotes=True,
    ),
    "joined strings": _style(
        lambda style: bool(style.comma) and not style.inner_quotes, split_strings=True
    ),
    "extra closers": _closers,
    "key style": _key_style,
    "an escaped document": _escape,
    "a cut after a closed member": _cut,
}
NOTATIONS: Mapping[str, Damage] = {
    "key and value lines": _lines(lambda key, value: f"{key}: {value}"),
    "bold keys": _lines(lambda key, value: f"- **{key}**: {value}"),
    "JSON lines": _json_lines,
    "a table": _table,
}
