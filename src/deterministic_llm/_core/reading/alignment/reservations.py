"""Words right behind "yes" or "no" by which that holds in part, for another, or not at all.

In: what follows the word. Out: whether it is no answer any more. Each phrase opens the words behind
the answer; one further on may be a part of what explains it.
"""

from __future__ import annotations

from collections.abc import Mapping

from deterministic_llm._core.reading.alignment.vocabulary import FALSE_WORDS, TRUE_WORDS
from deterministic_llm._core.regexes import expression

_SOME = r"(?:some|most|many|certain|a few|rare|several|special|part|theory|principle|general)"
_LIMITS = (
    r"(?:exceptions?|caveats?|limitations?|limits?|restrictions?|reservations?|qualifications?"
    r"|provisos?|conditions?|qualifiers?)"
)
_RESERVED: Mapping[str, str] = {
    "English": (
        rf"with (?!no\b)(?:\w+ ){{0,3}}{_LIMITS}"
        r"|under (?!no\b|all\b|any\b)(?:\w+ ){1,3}(?:conditions?|circumstances)"
        rf"|(?:in (?:{_SOME}|all but \w+)|not in (?:all|every|{_SOME})) (?:cases?|ways?|situations?"
        rf"|respects?|states?|countries)\b|in {_SOME}{{end}}"
        r"|(?:mostly|largely|mainly|partly|partially|usually|often|sometimes|rarely|occasionally"
        r"|generally|theoretically|technically|arguably|maybe|perhaps|possibly)(?! (?:because|since"
        r"|due)\b)"
        r"|(?:sort|kind) of|more or less|for the most part|at least (?:in part|part\w*|some\w*)"
        r"|to (?:some|an?(?: \w+)?) (?:extent|degree)|most of (?:them|it|these|those|the time)"
        r"|except|excepting|excluding|barring|bar (?:one|two|the|for)\b|save (?:for|that|in|the)\b"
        r"|(?:other|rather) than|(?:apart|aside) from|besides"
        r"|minus (?:the|one|two|clause|section|that)|not (?:counting|including)"
        r"|all but|subject to|pending|depending|provided|providing|(?:as|so) long as|assuming"
        r"|unless|until|if\b|only\b|not (?:always|necessarily|entirely|completely|fully|quite)"
        r"|(?:certainly|definitely|absolutely|surely) (?:for|in|among|with)"
        r"|(?:exactly |quite |just )?the opposite|on the contrary"
        r"|according to|(?:he|she|they) (?:said|says|claims?|thinks?)|said \w+"
        r"|(?:it|they|he|she) used to\b|in (?:my|your) dreams"
    ),
    "German": (
        r"(?:das |im )?gegenteil\w*|ausser|ausgenommen|bis auf|abgesehen von"
        r"|mit (?:\w+ ){0,2}(?:ausnahmen?|einschränkung(?:en)?|vorbehalt)"
        r"|teilweise|zum teil|teils|grösstenteils|meistens|manchmal|im prinzip"
        r"|theoretisch|sofern|falls|wenn|vorausgesetzt|unter der (?:bedingung|voraussetzung)"
        r"|es sei denn|solange|nur (?:wenn|falls|teilweise|zum)|nicht (?:immer|unbedingt|ganz"
        r"|vollständig|in allen)|laut\b|je nach"
    ),
    "French": (
        r"(?:c['’]est |tout )?(?:le |au )?contraire"
        r"|sauf|excepté|hormis|à (?:l['’]exception|condition|part)\b|à moins|en (?:partie|principe"
        r"|théorie|général)|partiellement|parfois|souvent|si\b|avec (?:\w+ ){0,2}(?:exceptions?"
        r"|réserves?)|dans (?:certains|la plupart des) cas|pas (?:toujours|forcément"
        r"|nécessairement|entièrement|tout à fait|complètement)|tant que|selon\b"
    ),
    "Spanish": (
        r"(?:es )?(?:todo )?(?:lo |al )?contrario"
        r"|excepto|salvo|menos\b|con (?:\w+ ){0,2}(?:excepci(?:ón|ones)|salvedad(?:es)?|reservas)"
        r"|a (?:excepción|menos)\b|en (?:parte|teoría|principio|general)|parcialmente|a veces"
        r"|siempre (?:que|y cuando)|si (?!,)|no (?:siempre|necesariamente|del todo|completamente)"
        r"|según\b"
    ),
    "Italian": (
        r"(?:è )?(?:il |al )?contrario"
        r"|tranne|eccetto|salvo|a (?:parte|meno|condizione|eccezione)\b|con (?:\w+ ){0,2}"
        r"(?:eccezion[ei]|riserv[ae])|in (?:parte|teoria|linea)|parzialmente|a volte|purché|se\b"
        r"|non (?:sempre|necessariamente|del tutto)|secondo\b"
    ),
    "Portuguese": (
        r"(?:é )?(?:o |ao |pelo )?contrário"
        r"|exceto|salvo|menos\b|com (?:\w+ ){0,2}(?:exceç(?:ão|ões)|ressalvas?)"
        r"|a (?:menos|não ser)\b"
        r"|em (?:parte|teoria|princípio|geral)|parcialmente|às vezes|desde que|se\b"
        r"|nem sempre|não (?:sempre|necessariamente|totalmente)|segundo\b"
    ),
    "Dutch": (
        r"(?:het )?tegendeel"
        r"|behalve|uitgezonderd|met (?:\w+ ){0,2}uitzondering(?:en)?|deels|gedeeltelijk|soms|mits"
        r"|tenzij|als\b|op voorwaarde|niet (?:altijd|noodzakelijk|helemaal)|volgens\b"
    ),
}
"""Phrases that open such words, case-folded ("ss" for "ß"), by their language."""
_END = r"(?=\W*(?:[.!,;)]|\Z))"
_LEADS = r"(?:(?:but|though|although|well|and|aber|allerdings|mais|pero|ma|mas|maar)\s)?"
_OPENS = expression(
    rf"(?:[^\w.!?\n]{{0,6}}{_LEADS}|\W{{0,6}}(?:but|though|aber|mais|pero|ma|mas|maar)\s)"
    rf"(?:{'|'.join(each.replace('{end}', _END) for each in _RESERVED.values())})(?!\w)"
)
_OFFERED = expression(
    r"\W{0,6}(?:of course\W{1,3}|certainly\W{1,3})?i(?:['’]d| would| can| could|['’]ll| will)"
    r"(?: certainly| gladly| definitely)?(?: be (?:happy|glad|able) to)?"
    r" (?:help|assist|do that|answer|try|explain)\b"
)
_SUBJECT = r"\W{0,6}(?:(?:it|that|this|the (?:statement|claim|sentence))(?:['’]s| is| was)"
_DENIED = expression(
    rf"{_SUBJECT}(?:n['’]t)? (?:not|false|wrong|incorrect|untrue)\b|(?:it|that|this) is(?:n['’]t)\b"
    r"|(?:das|es|dies) (?:ist|war) (?:falsch|nicht|unwahr|inkorrekt)|das stimmt nicht"
    r"|c['’]est (?:faux|incorrect|inexact)|(?:eso )?es (?:falso|incorrecto)"
    r"|è (?:falso|sbagliato|errato)|(?:isso )?é (?:falso|errado)|dat is (?:onjuist|niet|fout))"
)
_AFFIRMED = expression(
    rf"{_SUBJECT} (?:right|true|correct|so|accurate)(?:[.!,;]|\Z)"
    r"|(?:das|es|dies) (?:ist|war) (?:richtig|wahr|korrekt|zutreffend)|das stimmt(?! nicht)\b"
    r"|c['’]est (?:vrai|exact|correct|juste)|(?:eso )?es (?:verdad|cierto|correcto|verdadero)"
    r"|è (?:vero|giusto|corretto)|(?:isso )?é (?:verdade|certo|correto)|dat is (?:waar|juist))"
)


def is_reserved(word: str, behind: str) -> bool:
    """Whether *behind*, which follows *word*, makes that another answer or none.

    Only of words for yes and no: another label may be described in such words.
    """
    label = word.casefold()
    yes = label in TRUE_WORDS
    if not yes and label not in FALSE_WORDS:
        return False
    said = behind.casefold()
    contrary = _DENIED if yes else _AFFIRMED
    return any(each.match(said) for each in (_OPENS, _OFFERED, contrary))


_MOCKED = expression(
    r"\W*(?:(?:this|that|it)(?:['’]s| is| was) |(?:just|only|said|meant|with|in) |an? )*"
    r"(?:sarcas\w+|iron(?:y|ic|ically)|jok(?:e|es|ing)|kidding|jk|lol|jest|/s|trolling|sarkas\w+|ironisch"
    r"|iron(?:ie|ia|ique)|sarcasmo|scherz|blague|broma|scherzo|讽刺|反话|皮肉|冗談)(?: meant)?\W*"
)


def is_mocked(behind: str) -> bool:
    """Whether *behind*, which follows a label, says nothing but that it is not meant."""
    return _MOCKED.fullmatch(behind.casefold()) is not None
