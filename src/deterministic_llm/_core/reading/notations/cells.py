"""What a notation's text says for one property: words of a line, cell or element in, a value out.

Texts stay texts: numbers, dates and labels are bent to the schema later, with everything else. Only
lists are taken apart here, where the schema wants one and the separators leave one reading.
"""

from __future__ import annotations

import json
import re

from deterministic_llm._core.exchange import JsonObject, JsonValue
from deterministic_llm._core.reading.alignment.arrays import may_be_several
from deterministic_llm._core.reading.alignment.keys import Names
from deterministic_llm._core.reading.alignment.scalars import null_word
from deterministic_llm._core.reading.alignment.vocabulary import MISSING, NONE_ABROAD
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression
from deterministic_llm._core.schema.wording import resolve


class Unsure(Exception):  # noqa: N818  (a reading given up, turned into None by `read_notation`)
    """The text has two readings, or none."""


@frozen
class Shape:
    """The object that is looked for: its properties, which must be there, and which may be null.

    *root* is the schema that ``$ref`` points into; *many* when a list of such objects is wanted.
    """

    names: Names
    properties: dict[str, JsonObject]
    required: frozenset[str]
    nullable: frozenset[str]
    root: JsonObject
    many: bool

    def property(self, key: str) -> str | None:
        """The property that *key* spells, also with the range of it in brackets, or None."""
        name = self.names.meant(key)
        if name is None and (ranged := _WITH_RANGE.fullmatch(key)) is not None:
            name = self.names.meant(ranged["key"])
            node = self.properties.get(name or "", {})
            least, most = ranged["least"], ranged["most"]
            if str(node.get("maximum")) != most or least not in {None, str(node.get("minimum"))}:
                return None
        return name

    def titled(self, title: str) -> str | None:
        """The same, unless *title* is the name of one and says in brackets what it counts."""
        name = self.property(title)
        if name is None and self.property(_IN_BRACKETS.sub("", title)) is not None:
            raise Unsure
        return name

    def cell(self, text: str, name: str | None) -> JsonValue:
        """What *text* says for the property *name*; where it may be null, a dash is."""
        if name in self.nullable and _NOT_GIVEN.fullmatch(text):
            return None
        if self.many and _AS_BEFORE.fullmatch(text):
            raise Unsure
        return cell(text, self.properties.get(name or "", {}), self.root)

    def covers(self, record: dict[str, JsonValue]) -> bool:
        """Whether *record* has every required property, and at least one."""
        return self.required <= record.keys() and not self.properties.keys().isdisjoint(record)


def shape_of(schema: JsonObject) -> Shape | None:
    """The shape of an object schema, or of the items of a list of objects; None for others."""
    node = node_of(schema, schema)
    many = node.get("type") == "array"
    if many:
        node = node_of(node.get("items"), schema)
    properties = node.get("properties")
    if not isinstance(properties, dict) or not properties:
        return None
    required = node.get("required")
    wanted = required if isinstance(required, list) else []
    return Shape(
        Names(properties, {}),
        {name: node_of(value, schema) for name, value in properties.items()},
        frozenset(name for name in wanted if isinstance(name, str)),
        frozenset(name for name, value in properties.items() if _may_be_null(value, schema)),
        schema,
        many,
    )


def node_of(node: JsonValue, root: JsonObject) -> JsonObject:
    """*node* without its reference and without the null that an optional adds."""
    resolved = resolve(node, root=root)
    if not isinstance(resolved, dict):
        return {}
    for keyword in ("anyOf", "oneOf"):
        members = resolved.get(keyword)
        if not isinstance(members, list):
            continue
        kept = [resolve(member, root=root) for member in members]
        firm = [
            member for member in kept if isinstance(member, dict) and member.get("type") != "null"
        ]
        if len(firm) == 1:
            return firm[0]
    return resolved


def _may_be_null(node: JsonValue, root: JsonObject) -> bool:
    resolved = resolve(node, root=root)
    if not isinstance(resolved, dict):
        return False
    members, kinds = resolved.get("anyOf"), resolved.get("type")
    named = isinstance(kinds, list) and "null" in kinds
    return named or (isinstance(members, list) and {"type": "null"} in members)


def says_none(text: str) -> bool:
    """Whether *text* says that there is nothing: "None", "(not given)", "No people mentioned"."""
    said = text.strip(" \t()[].*_").casefold()
    return null_word(said) or said in NONE_ABROAD or _NONE.fullmatch(said) is not None


def sums_up(title: str) -> bool:
    """Whether *title* is that of a sum, or another figure, of what stands above it."""
    return _SUMS_UP.match(_bare(title)) is not None


def cell(text: str, node: JsonObject, root: JsonObject) -> JsonValue:
    """What *text* says for the property *node*; nothing at all is null."""
    bare = _bare(text)
    if not bare:
        return None
    # What is struck out, a reference to another value, or a comment is not for reading.
    if _is_cut(bare) or bare.startswith("~~") or _REFERS.fullmatch(bare):
        raise Unsure
    quoted = bare[0] in _CLOSERS or bare[0] == "'"
    if (_COMMENTED_QUOTE if quoted else _COMMENTED).search(bare):
        raise Unsure
    if kind_of(node) == "array":
        return _items(bare, node_of(node.get("items"), root))
    return _spelled(bare)


def _is_cut(bare: str) -> bool:
    """Whether *bare* begins within brackets or quotation marks, and never leaves them."""
    closer = _CLOSERS.get(bare[0])
    if closer is None:
        return False
    end = bare.rfind(closer, 1)
    # A list of texts, or an object, is nothing with words behind it.
    return end < 0 or (_JSON.match(bare) is not None and _WORD.search(bare, end) is not None)


def kind_of(node: JsonObject) -> str:
    """The one type that *node* names, or nothing."""
    kind = node.get("type")
    if isinstance(kind, list):
        firm = [each for each in kind if each != "null"]
        kind = firm[0] if len(firm) == 1 else None
    return kind if isinstance(kind, str) else ""


def _bare(text: str) -> str:
    bare = text.strip()
    while len(bare) > 1 and (emphasis := _EMPHASIS.fullmatch(bare)):
        bare = emphasis["inner"].strip()
    return bare


def _spelled(bare: str) -> str:
    """The text within quotes, its escapes resolved; any other text as it stands."""
    if len(bare) < 2 or bare[0] != bare[-1]:
        return bare
    if bare[0] == "'" and "'" not in bare[1:-1].replace("''", ""):
        return bare[1:-1].replace("''", "'")
    if bare[0] == '"':
        try:
            spelled = json.loads(bare)
        except ValueError:
            return bare
        return spelled if isinstance(spelled, str) else bare
    return bare


def _items(bare: str, items: JsonObject) -> JsonValue:
    """The items of a list written in one line."""
    if bare[0] == "[" and bare[-1] == "]":
        try:
            parsed: JsonValue = json.loads(bare)
        except (ValueError, RecursionError):
            parsed = None
        if isinstance(parsed, list):
            return parsed
        return _split(bare[1:-1], _COMMA)
    if ";" in bare:
        return _split(bare, _SEMICOLON)
    if "," not in bare and "、" not in bare and "，" not in bare:
        spelled = _spelled(bare)
        if spelled == bare and (says_none(bare) or may_be_several(bare)):
            raise Unsure
        return [spelled]
    parts = _split(bare, _COMMA)
    if kind_of(items) in {"integer", "number", "boolean"} or "enum" in items or _is_plain(bare):
        return parts
    raise Unsure


def _split(text: str, separator: re.Pattern[str]) -> list[JsonValue]:
    if _NESTED.search(text):
        raise Unsure
    parts = [_bare(part) for part in separator.split(text)]
    if not any(parts):
        return []
    if not all(parts) or any('"' in part.strip('"') or _HEDGED.match(part) for part in parts):
        raise Unsure
    return [_spelled(part) for part in parts]


def _is_plain(bare: str) -> bool:
    """Whether commas can only separate: short words without capitals, or at least three of them."""
    parts = [part.strip() for part in _COMMA.split(bare)]
    short = all(0 < len(part.split()) <= 2 and not part.endswith((".", "!", "?")) for part in parts)
    return short and (len(parts) >= 3 or all(part == part.lower() for part in parts))


_AS_BEFORE = expression(
    r"[\s*_(\[]*(?:(?:the )?same|ditto|idem|ídem|dito|dto\.?|〃|″|''|\"|\^)[\s*_)\].]*",
    re.IGNORECASE,
)
"""What stands in a column for the value above."""
_REFERS = expression(
    r"[(\[]?(?:(?:the )?same as (?:above|before|(?:the )?(?:above|previous|first|last|prior)"
    r"(?: \w+)?|(?:row |item |no\.? ?|# ?)?\d+)|(?:as|see) above|(?:siehe|wie) oben|s\. ?o\."
    r"|(?:comme|voir) ci-dessus|(?:igual que|como|ver) (?:el )?(?:arriba|anterior)"
    r"|см\. выше|同上|上記と同じ|同前)[)\].]?|\*[\w-]+",
    re.IGNORECASE,
)
"""A value that stands elsewhere: also the alias of a YAML anchor."""
_HEDGED = expression(
    r"(?:not|maybe|perhaps|possibly|probably|mostly|partly|(?:and|or|with) (?:some|maybe|perhaps))"
    r"\s",
    re.IGNORECASE,
)
"""An item that is none, or that may be none."""
_COMMENTED = expression(r"\s(?:#|//)\s[^\W\d]")
_COMMENTED_QUOTE = expression(r"\A([\"'])[^\"'\n]*\1[ \t,;]*(?:#|//|;)[ \t]*\w")
_WITH_RANGE = expression(
    r"(?P<key>[^()\[\]]{1,60}?)\s?"
    r"[(\[](?:(?P<least>\d+)\s?(?:-|–|to)\s?|out of |/\s?)(?P<most>\d+)[)\]]",
    re.IGNORECASE,
)
_IN_BRACKETS = expression(r"[*_`]*\s*[(\[][^()\[\]]*[)\]][*_`]*\s*\Z")
_SUMS_UP = expression(
    r"(?:(?:grand|overall|net|sub|running)[ -]?)?(?:totals?|sum|average|avg\.?|mean|median|overall"
    r"|max(?:imum)?|min(?:imum)?"
    r"|(?:gesamt|end|zwischen)?summe|gesamt|insgesamt|durchschnitt|mittelwert|schnitt"
    r"|(?:sous-)?total(?: général)?|somme|moyenne|totale|somma|media|média|promedio|suma"
    r"|(?:total|sub-?total) (?:general|geral)|soma|totaal|gemiddelde|razem|średnia|toplam|ortalama"
    r"|итого|всего|сумма|среднее|合计|总计|总和|总数|共计|平均值?|合計|総計|小計|小计|합계|총계|평균"
    r"|المجموع|الإجمالي|المتوسط)\s*(?:\Z|[:：=(])",
    re.IGNORECASE,
)
_CLOSERS = {"[": "]", "{": "}", '"': '"', "“": "”", "«": "»", "「": "」"}
_JSON = expression(r"\[\s*+[\"'\[{]|\{\s*+[\"']")
_WORD = expression(r"\w")
_NOT_GIVEN = expression(
    r"[\s*_]*(?:[-\u2013\u2014~]|\(\s*(?:none|not [a-z]+)\s*\)"
    r"|not (?:given|mentioned|provided|specified|stated)(?: \w+){0,4})[\s*_.]*",
    re.IGNORECASE,
)
"""What is written in the place of a value that is not there."""
_NONE = expression(
    rf"\W*|none\b(?: [\w-]+){{0,4}}|(?:not|no(?: [\w-]+){{1,3}}) {MISSING}(?: [\w-]+){{0,4}}"
)
_EMPHASIS = expression(r"(\*{1,3}|__|`)(?P<inner>(?:(?!\1).)+)\1", re.DOTALL)
_COMMA = expression(r"[,、，]")
_SEMICOLON = expression(r";")
_NESTED = expression(r"[\[\]{}]")
