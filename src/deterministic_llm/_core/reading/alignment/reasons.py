"""Words behind a grade that say why it is so, and nothing else of it.

In: a text. Out: the figure that it begins with, where the rest is such a reason. That is in a
language of which the turning words are known, and holds none of these: no other number, no doubt or
condition, no word about grades, and nobody who says so. Each part of a reason for a grade appraises
something, or names what a grade looks at.
"""

from __future__ import annotations

import re

from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression


def before_reason(text: str) -> tuple[int, int] | None:
    """Where the figure stands that *text* begins with, if the rest is a reason for it."""
    found = None if len(text) > _LONGEST else _REASONED.match(text)
    if found is None or _APPRAISES.search(text, found.end()) is None:
        return None
    why = text[found.end() :]
    parts = [each for each in _BETWEEN_PARTS.split(why) if each.strip(" .!。！)）")]
    if not all(_APPRAISES.search(each) or _LOOKED_AT.search(each) for each in parts):
        return None
    return found.span("value") if is_reason(why) else None


_LONGEST = 600
"""Characters of a reason."""
_OF = r"(?:\s?/\s?\d{1,4}|\s(?:out of|of|von|sur|sobre|de|su)\s\d{1,4})"
_BECAUSE = r",?\s(?=(?:because|since|as|weil|da|car|parce que|porque|perché|omdat)\s)"
_REASONED = expression(
    rf"\s*+(?P<value>[*_`]{{0,3}}\d{{1,6}}(?:[.,]\d{{1,4}})?+(?P<of>\s?%|{_OF})?+[*_`]{{0,3}})"
    # Behind digits alone, a full stop or a colon may number a list.
    r"(?:\s[-–—]\s|\s?—\s?|[ \t]*\n\s*+|[,;]\s|[，；]|(?(of)\s?[.:!]\s|(?!))|(?(of)[。：]|(?!))"
    rf"|{_BECAUSE}|\s?(?=[(（][^()（）\n]+[)）][.。]?\s*\Z))\s*+(?=[^\W\d_]|[(（])",
    re.IGNORECASE,
)


@frozen
class _Language:
    """By which words a *language* is *known*, and which of its words *turn* a reason.

    *opens* are those that do so where they stand first.
    """

    known: str
    turns: str
    opens: str = r"(?!)"


_LANGUAGES = (
    _Language(  # English
        known=(
            r"the|and|is|with|but|has|have|are|was|were|this|that|which|because|since|there|their|its"
            r"|very|well|clear|clearly|good|solid|strong|great|excellent|decent|fair|weak|poor"
            r"|thorough|precise|concise|impressive|outstanding|adequate|uneven|stated"
            r"|mentioned|counted|shown|given|topic"
        ),
        turns=(
            # another value, or what is said of this one
            r"zero|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half|hundred"
            r"|thousands?|millions?|billions?|dozens?|one (?:more|less|point|off|too)"
            r"|scor(?:e|es|ed|ing)|grad(?:e|es|ed|ing|er|ers)|rat(?:e|es|ed|ing|ings)|marks?|marked"
            r"|points?|pts|stars?|numbers?|values?|answer|results?|totals?|figures?|sum|digits?"
            r"|max(?:imum)?|min(?:imum)?|scale|rubrics?|weight\w*|average|mean|median|percent\w*"
            # what moves it
            r"|actually|wait|sorry|oops|hm+|corrections?|corrected|rather|instead|reconsider\w*"
            r"|revis\w+|adjust\w+|chang\w+|lower\w*|rais\w+|reduc\w+|increas\w+|deduct\w*"
            r"|subtract\w*|drop\w*|bump\w*|cap(?:ped|s)?|penal\w+|bonus\w*|extra|late|round\w*"
            r"|downgrad\w+|upgrad\w+|high(?:er|est)?|better|best|worse|less|fewer|closer|generous\w*"
            r"|harsh\w*|lenient\w*|strict\w*|too|overrated|underrated|inflated|mistaken|mistake"
            r"|miscount\w*|typo|minus|plus|off(?![ -]topic)|more (?:or|like|than)|even more"
            r"|equals?|or|in (?:principle|theory)|questions?|odds|majority|enough|luck"
            # doubt and time
            r"|maybe|perhaps|possibly|probabl[ey]|likely|unlikely|might|may|could|would|should|ought"
            r"|must|guess\w*|estimat\w*|approx\w*|roughly|almost|nearly|somewhere|ish|unsure"
            r"|uncertain|unknown|sure|certain|doubt\w*|tentative\w*|provisional\w*|preliminar\w+"
            r"|drafts?|initial\w*|first|previous\w*|earlier|former\w*|originally|old|next|second"
            r"|another|others?|last|final\w*|later|yesterday|tomorrow|today|tonight|ago|now|so far"
            r"|temporar\w+|placeholder|pending|once"
            # what is only supposed
            r"|hypothetical\w*|examples? (?:only|of)|for example|sample|e\.g|suppos\w+|assum\w+"
            r"|imagin\w+|pretend\w*|if|unless|whether|provided|depend\w*|until|except(?:ions?|ing|ed)?|excluding"
            r"|otherwise|without|only|subject to|condition\w*|contingent|had|were|when|per"
            # denials
            r"|cannot|never|nor|neither|nope|nah|hardly|not (?:an?|the|my|really|quite|exactly"
            r"|yet|final|this|that|it|as|so|enough)|(?:it|this|that)(?:['’]s| is| was)?"
            r"(?: not|n['’]t)|deserv\w+|merit\w*|worth\w*|warrant\w*|justif\w+|unfair\w*"
            r"|(?:in)?accurate|right|wrong|(?:in)?correct\w*|true|false|untrue|l(?:ie|ying|ol)"
            r"|jok(?:e|es|ing)|kidding|jk|sarcas\w+|iron(?:y|ic\w*)|yeah|dreams?|alleged\w*|fake"
            r"|invalid|missing|void\w*|annul\w*|withdraw\w*|plagiar\w*|cheat\w*|disqualif\w*|nothing"
            r"|replac\w+|supersed\w+|los(?:e|es|t)|relative|compared|separate(?:ly)?|shares?"
            r"|proportion|fraction|ratio|on (?:paper|an?|the surface)|seem\w*|appear(?:s|ed)?"
            r"|looks?|far from|anything but|as mud|gets?|got|getting|always|begg\w+|insist\w*"
            r"|(?:hard|difficult|easy) to|fiction\w*|imaginary|tests?|dummy|forget|scratch|empty"
            r"|not|against|contrary|opposite|guess|cop(?:y|ied|ying)|fraud|violation|prompt|required"
            r"|attached|(?:good|bad|poor) (?:questions?|luck|riddance|choice|deal)"
            r"|[b-hj-rv-z]|(?:that|this|it|one|so|them)\Z|opinions?|view|tutors?|for|wish\w*"
            r"|hop(?:e|es|ing)|prior|posterior|baseline|threshold|cut-?off|limits?"
            r"|defaults?|benchmark|goals?|random\w*|ignor\w+|disregard\w*|count|matter|apply"
            # who says so
            r"|says?|said|claims? (?:that|it|the)|claimed|thinks?|thought|believes?|believed"
            r"|according|wrote|told|tells|suggest\w*|recommend\w*|wants?|wanted|gave|give|asked"
            r"|teachers?|professors?|peers?|reviewers?|examiners?|judges?|critics?|i|i['’]\w+"
            r"|we|you|your|my|me|he|she|they|them|someone|everyone|nobody|please|note"
        ),
        opens=(
            r"or|and|not|no(?! (?:major|real|serious|significant|obvious|glaring|spelling|grammar"
            r"|factual|big) )|yet|than|barely|about|around|at|in|on|of|for|from|to|by|with|under"
            r"|over|above|below|after|before|till|during|while|where|including|includes|up|down"
            r"|take|then|so|thus|hence|therefore|quote|as (?:of|in|for|long|an?)|like|same|see"
            r"|compared|versus|vs|through|between|just|even|still|also|out|that|which|was|being"
            r"|been|down|however|although|though|but|well,|yes|ok"
            r"|[a-z]+s(?=,| are | were | have | all )"  # eight paragraphs
        ),
    ),
    _Language(  # German
        known=r"der|die|das|ist|und|ein|eine|sehr|gut|mit|dem|klare[rsmn]|starke[rsmn]|gute[rsmn]|aufbau",
        turns=(
            r"nein|doch|nicht|kein\w*|vielleicht|eher|eigentlich|wenn|falls|sofern|bis"
            r"|ungefähr|etwa|circa|fast|könnte|würde|sollte|müsste|wäre|hätte|punkt\w*|note\w*"
            r"|bewert\w*|minus|plus|abzug|bonus|fehler|frage|geraten|anfang|durchschnitt|maximum|mittel|tutor\w*|gross?zügig|großzügig|besser|schlechter|höher|niedriger|sag\w+|laut"
            r"|mein\w*|ich|mir|wir|du|sie|erst\w*|zunächst|ursprünglich|vorher|jetzt|beispiel\w*"
            r"|null|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|halb\w*|korrektur|falsch"
            r"|richtig|ohne|nur|mehr|weniger|ausser|außer|zu (?:hoch|niedrig|viel|wenig)|zahl\w*"
            r"|wert\w*|moment|warte|entschuldigung|lehrer\w*|abgerundet|aufgerundet|vor"
        ),
    ),
    _Language(  # French
        known=r"est|la|les|des|une|très|bien|clair\w*|bon|bonne|le|et",
        turns=(
            r"non|pas|ne|peut-être|plutôt|si|sauf|environ|presque|pourrait|serait|devrait"
            r"|aurait|points?|notes?|moins|plus|selon|dit|disent|je|nous|vous|mon|ma|abord"
            r"|initialement|exemple|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|demie?|zéro"
            r"|correction|faux|fausse|sans|seulement|meilleure?|mieux|avant|après|fait|trop|valeur"
            r"|nombre|maximum|moyenne|question|début|erreur|moitié|prof|généreux|enlever|retir\w+|mal|attende?z|pardon|désolée?|professeur|jamais|puis|ensuite|arrondi"
        ),
    ),
    _Language(  # Spanish
        known=r"el|la|los|las|es|está|muy|bien|buen|buena|claro|clara|una|del",
        turns=(
            r"no|sino|quizás?|tal vez|más|menos|si|salvo|excepto|casi|unos|aproximadamente"
            r"|podría|sería|debería|habría|puntos?|notas?|puntuación|según|dice|dijo|yo|mi|creo"
            r"|primero|inicialmente|antes|después|ejemplo|dos|tres|cuatro|cinco|seis|siete|ocho"
            r"|nueve|diez|cero|medio|corrección|falso|sin|sólo|solo|mejor|peor|realidad|demasiado"
            r"|valor|número|máximo|media|mitad|mal|pregunta|comienzo|error|quitar|quitando|espera|perdón|profesor|nunca|luego|ahora|redondeado"
        ),
    ),
    _Language(  # Italian
        known=r"il|la|è|gli|molto|ben|bene|buono|buona|chiaro|chiara|della",
        turns=(
            r"no|non|forse|piuttosto|più|meno|se|tranne|circa|quasi|potrebbe|sarebbe"
            r"|dovrebbe|avrebbe|punt[io]|vot[io]|secondo|dice|io|mio|credo|prima|dopo|esempio|due"
            r"|tre|quattro|cinque|sei|sette|otto|nove|dieci|zero|mezzo|correzione|falso|senza|solo"
            r"|meglio|realtà|anzi|troppo|valore|numero|massimo|media|metà|male|domanda|inizio|errore|tolto|togliere|aspetta|scusa|professore|mai|poi|ora"
        ),
    ),
    _Language(  # Portuguese
        known=r"é|está|os|muito|bem|bom|boa|claro|clara|uma",
        turns=(
            r"não|nao|talvez|mais|menos|se|exceto|salvo|quase|cerca|poderia|seria|deveria|teria"
            r"|pontos?|notas?|segundo|disse|diz|eu|meu|acho|primeiro|antes|depois|exemplo|dois|duas"
            r"|três|quatro|cinco|seis|sete|oito|nove|dez|zero|meio|correção|falso|sem|só|apenas"
            r"|melhor|pior|verdade|demais|valor|número|máximo|média|metade|mal|pergunta|começo|erro|tirar|espera|desculpe?|professor|nunca|agora"
        ),
    ),
    _Language(  # Dutch
        known=r"is|het|een|goed|zeer|helder|duidelijk",
        turns=(
            r"nee|niet|geen|misschien|eerder|eigenlijk|meer|minder|als|tenzij|ongeveer|bijna"
            r"|zou|moet|punt\w*|cijfers?|volgens|zegt|ik|mijn|we|eerst|voor|na|voorbeeld|twee|drie"
            r"|vier|vijf|zes|zeven|acht|negen|tien|nul|halve?|correctie|fout|zonder|alleen|beter"
            r"|slechter|te (?:hoog|laag|veel)|waarde|maximum|gemiddelde|vraag|begin|helft|hoger"
            r"|lager|wacht|sorry|leraar|nooit|dan|nu"
        ),
    ),
)
_APPRAISES = expression(
    # English
    r"\b(?:clear|clearly|well|good|solid|strong|strongly|great|excellent|excellently|exceptional\w*"
    r"|decent|weak|poor|poorly|thorough|thoroughly|precise|concise|impressive|outstanding|adequate"
    r"|uneven|convincing\w*|persuasive\w*|coherent|cohesive|(?:dis|un)?organi[sz]ed|(?:un)?structured"
    r"|thin|vague|unclear|confusing|shallow|superficial|insightful|thoughtful|compelling|engaging"
    r"|detailed|logical|logically|focused|unfocused|fluent|polished|repetitive|(?:under)?developed"
    r"|(?:un)?supported|lacks|lacking|needs|sloppy|careless|creative|nuanced|(?:in)?effective\w*"
    r"|competent|sound|rambling|rambles|wanders|(?:un)?readable|smooth|awkward|friendly|pricey"
    r"|off[ -]topic|delicious|tasty|slow|rude|clean|dirty|comfortable|pleasant|disappointing"
    r"|enjoyable|(?:doesn|isn)['’]t|no (?:(?:clear|real|major|obvious|spelling|grammar) )?"
    r"(?:conclusion|evidence|thesis|introduction|sources|structure|citations|transitions|errors|flaws))\b"
    # German, French, Spanish, Italian, Portuguese and Dutch
    r"|\b(?:gut\w*|klar\w*|stark\w*|schwach\w*|solide\w*|überzeugend\w*|hervorragend\w*|unklar\w*"
    r"|clair\w*|bien|bon|bonne|solide|fort|forte|faible|convaincant\w*|excellente?"
    r"|clar[oa]|buen[oa]?|sólid[oa]|fuerte|débil|convincente|excelente|chiar[oa]|ben|buon[oa]?|solid[oa]"
    r"|debole|eccellente|bem|bom|boa|fort[ea]|fraco|fraca|helder\w*|duidelijk\w*|goede?|sterke?|zwakke?"
    r"|overtuigend\w*)\b"
    # Chinese and Japanese
    r"|[清明]晰|明[确確]|有力|充分|完整|流[畅暢]|[优優][秀良]|良好|不足|薄弱|欠缺|[较較很]好|合理|深入|出色|扎[实實]"
    r"|[严嚴][谨謹]|明快|良い|優れ|説得力|わかりやす|分かりやす|論理的|丁寧",
    re.IGNORECASE,
)
"""Words that say how good something is."""
_KNOWN = tuple(expression(rf"(?<!\w)(?:{each.known})(?!\w)") for each in _LANGUAGES)
_TURNS = tuple(
    expression(rf"(?<!\w)(?:{each.turns})(?!\w)|\A(?:{each.opens})(?!\w)") for each in _LANGUAGES
)
_SIGNS = expression(
    r"[()（）\d?？\"“”„«»=<>~≈±%$€£¥#|{}\[\]/&+*→…@^_\\`]|\.\.|['‘]\w[^'’]*['’](?!\w)|:\W"
)
_EASTERN = expression(r"[\u3040-\u30ff\u4e00-\u9fff，。、；]{4,200}")
_EASTERN_TURNS = expression(
    r"[一二三四五六七八九十两零百半]\s?[分点個个]|[但却或约約改扣减減加例假误誤错錯]|[评得满总给扣]分|分[数钟]|点数|不过|不過|上一|没有|沒有|不够|不夠|抄袭|相反|[说話话]反|评价|問題|问题|所以|[二三四五六七八九十]|给出|随便|参考|猜|如果|可能"
    r"|也许|大概|左右|不对|不是|不应|应该|應該|除非|其实|實際|实际|最终|最終|之前|原来|原本|老师|先生|认为|说"
    r"|しかし|ただ|もし|かも|たぶん|ほど|くらい|ぐらい|訂正|修正|実は|いや|いえ|違|ない|ません|とは|なら"
)
_BETWEEN_PARTS = expression(
    r"[.,;:!，。；、！：](?=\s|\Z|[\u3040-\u9fff])|\s[-–—]\s|\n+|\b(?:but|yet|though|although|aber|doch|mais|pero|però|ma|mas|maar)\b"
)
_LOOKED_AT = expression(
    r"\b(?:arguments?|thesis|evidence|structure|organi[sz]ation|conclusion|introduction|grammar|style"
    r"|writing|vocabulary|sources|citations|flow|analysis|paragraphs?|transitions|tone|spelling"
    r"|punctuation|errors|typos|mistakes|flaws|ideas|reasoning|logic|ending|opening|development|pacing|wording|phrasing|content|examples|service|food"
    r"|argumente?|argumentation|aufbau|struktur|stil|grammatik|rechtschreibung|gliederung|arguments?"
    r"|style|grammaire|orthographe|argumentos?|estructura|estilo|gramática|argomento|struttura|stile"
    r"|grammatica|estrutura|opbouw|stijl)\b|[论論][点點]|[结結]构|構成|文法|[语語]法|表[达達]|[论論][证證]|逻辑"
    r"|內容|内容|[语語]言|文章",
    re.IGNORECASE,
)
"""What a grade looks at."""
_TWO_WORDS = expression(r"[^\W\d_]{2,}\W+[^\W\d_]")
_LOWER = expression(r"[a-zà-ÿ]{3,}")


def is_reason(words: str) -> bool:
    """Whether *words* say why a figure before them is so, and leave it as it is."""
    said = words.strip().rstrip(".!。！").strip().strip("()（）")
    if len(said) > _LONGEST or _SIGNS.search(said) is not None:
        return False
    if _EASTERN.fullmatch(said) is not None:
        return _EASTERN_TURNS.search(said) is None
    if _TWO_WORDS.search(said) is None or _LOWER.search(said) is None:
        return False
    folded = said.casefold()
    spoken = [at for at, known in enumerate(_KNOWN) if known.search(folded) is not None]
    return bool(spoken) and all(_TURNS[at].search(folded) is None for at in spoken)
