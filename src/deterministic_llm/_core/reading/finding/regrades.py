"""A grade that is moved to another one in what stands beside an answer, in several languages.

In: what a text says besides its answer. Out: the last number that it moves the grade to, or none. A
wish, a condition and advice ("To raise the score to 9, add sources") move nothing.
"""

from __future__ import annotations

from deterministic_llm._core.regexes import expression

MOST = 10_000
"""Characters that are looked at."""

_GRADE = r"(?:score|grade|rating|mark|total|result)"
_TO = (
    r"(?:lower|reduce|raise|increase|adjust|revise|change|correct|fix|set|drop|bump|cut|bring"
    r"|update|amend|downgrade|upgrade)"
)
_BEEN = (
    r"(?:lowered|reduced|raised|increased|adjusted|revised|changed|corrected|fixed|set|dropped"
    r"|bumped|cut|brought|updated|amended|downgraded|upgraded)"
)
_N = r"[*_`\"“]{0,3}(?P<number>\d{1,6}(?:\.\d{1,4})?)[*_`\"”]{0,3}"
_OVER = (
    r"(?:\s?/\s?\d+|\sout of \d+|\spoints?)?"
    r"(?:(?=\s*(?:[.,;:!)](?!\d)|\n|\Z))|\s(?:because|since|instead|due|as|to reflect|for|after)\b)"
    r"(?![^.!\n]{0,80}\b(?:if|had|were|with|without|unless)\b)"
)
_WHO = (
    r"(?:\b(?:i(?:['’]d| would|['’]ll| will|['’]ve| have| must| should| had to| have to| need to)?"
    r"(?: now| therefore| rather| actually)?|let me|let['’]s)\s)"
)
_MOVES_TO = (
    r"(?:becomes?|leaves?|makes|(?:drops?|falls?|goes|comes|went|came|dropped|fell)"
    rf"(?: up| down)? to|(?:is|was|gets?|got|has been) (?:then |thus |therefore |now )?{_BEEN}"
    r"(?: up| down)? (?:to|at))"
)
_ON_ACCOUNT = (
    r"(?:with|after|given|due to|because of|considering|including|minus|less|taking)\b"
    r"[^.!?:;\n\d]{1,60}?"
)
_ENGLISH = (
    (
        r"(?:\n[^\w\n]{0,12}|[.!?] )(?:(?:so|thus|therefore|but|however|then|now),?\s)?"
        rf"(?:(?:{_ON_ACCOUNT}[\s,]{{1,2}})?(?:(?:it|this|that|which|(?:the|this|my) (?:\w+ )?"
        rf"{_GRADE}) (?:now |then |thus )?{_MOVES_TO}|{_BEEN} (?:to|at))|{_ON_ACCOUNT}[:,])"
        rf" (?:an? )?{_N}{_OVER}"
    ),
    (
        rf"{_WHO}(?:{_TO}|{_BEEN}) (?:(?:it|that|this)|(?:the|my|its|this|your) (?:\w+ )?{_GRADE})"
        rf"(?: back)?(?: down| up)?(?: from \d+)?(?:\s(?:to|at|as)\b|:)\s(?:an? )?{_N}{_OVER}"
    ),
    (
        rf"\b{_GRADE} (?:(?:is|was|has been|should be|must be)(?: now| then)? )?{_BEEN}"
        rf"(?: down| up)?(?: from \d+)?(?: to| at|:) (?:an? )?{_N}{_OVER}"
    ),
    (
        rf"\b(?:final|adjusted|revised|corrected|new|actual|overall) {_GRADE}(?:(?!\bnot\b)"
        rf"[^.!?:;\n\d]){{0,60}}?\s?(?:is|becomes|should be|must be|comes to|:|=)(?: now)?"
        rf" (?:an? )?{_N}{_OVER}"
    ),
    (
        rf"\b(?:{_GRADE}|it)(?:['’]s not|\s?(?:is|should|was)(?:n['’]t| not)(?: be)?) (?:an? )?\d+"
        rf"[,;:.]?\s(?:(?:it|that|this)(?:['’]s| is| should be)|but|rather)(?: rather)? (?:an? )?"
        rf"{_N}{_OVER}"
    ),
    (
        rf"(?:\n[^\w\n]{{0,12}}|[.!?,;]\s|\b(?:the|this|my|net|so)\s){_GRADE}"
        r"(?: (?:after|with|under|for this|given|considering|including|net of)\b"
        r"[^.!?:;\n\d]{1,50}?)?\s?(?:is|becomes|comes to"
        r"|:|=|->|→|(?:field |value )?should (?:be|say|read))(?: now| then| therefore| thus)?"
        rf" (?:an? )?{_N}{_OVER}"
    ),
    (
        rf"\b{_N}(?:\s?/\s?\d+)? (?:is|was|would be|would have been|seems|might be|may be)"
        r" (?:\w+ )?(?:better|fairer|fair|closer|right"
        r"|more (?:appropriate|accurate|fitting|realistic)"
        r"|appropriate|accurate|warranted|deserved|justified)\b"
        r"(?![^.!\n]{0,80}\b(?:if|had|were|with|without|unless)\b)"
    ),
    (
        r"\b(?:i(?:['’]d| would| will|['’]ll)? (?:now |rather )?(?:say|settle on|go with|go for)"
        r"|i (?:now )?(?:think|believe|feel)(?: that)? (?:it|this|the \w+)"
        r" (?:deserves|merits|earns|is worth"
        rf"|should (?:get|be))|settled? (?:on|for)|[.,;] (?:so|thus|therefore|hence),?) (?:an? )?"
        rf"{_N}{_OVER}"
    ),
    (
        r"\n[^\w\n=→-]{0,8}(?:[=-]>|→|(?:my )?"
        r"(?:final|adjusted|corrected|revised|updated|net|actual)"
        rf"(?: (?:verdict|decision|assessment|evaluation|points))?\s?[:=])\s?{_N}{_OVER}"
    ),
)
_NAMES = (
    r"(?:note|gesamtnote|punktzahl|bewertung|nota|puntuación|puntaje|calificación|punteggio|voto"
    r"|pontuação|cijfer|ocena|wynik|оценка|оценку|балл|评分|分数|得分|スコア|点数|評価|점수|평점)"
)
_CORRECTED = (
    r"(?:korrektur|berichtigung|correction|rectification|corrección|correção|correzione|rettifica"
    r"|correctie|korekta|sprostowanie|корректировка|исправление|поправка|更正|修正|訂正|정정|수정)"
)
_MOVED = (
    r"(?:müsste|sollte|muss|soll|devrait|doit|debería|debe|dovrebbe|deve|deveria|moet|zou"
    r"|powinna|powinien|должна|должен|应[为该]?|應[為該]?|べき|正しくは|eigentlich|en fait|plutôt"
    r"|en realidad|in realtà|na verdade|eigenlijk|właściwie|на самом деле|其实|実は|실제로)"
)
_N_ABROAD = r"(?P<number>\d{1,6}(?:[.,]\d{1,4})?)(?![\d/]|[.,]\d)"
_I_MOVE = (
    r"(?:korrigiere|senke|erhöhe|ändere|setze|reduziere|corrige|baisse|abaisse|modifie|réduis"
    r"|corrijo|bajo|cambio|reduzco|rebajo|ajusto|correggo|abbasso|modifico|riduco|altero|reduzo"
    r"|baixo|wijzig|verlaag|verhoog|zmieniam|obniżam|меняю|снижаю|исправляю|понижаю|أعدل|أغير|أخفض)"
)
_MOVED_EAST = r"(?:修正|変更|訂正|下げ|上げ|수정|변경|정정|낮추|올리)"
_REFLECTING = (
    r"(?:überlegung|nachdenken|réflexion|pensándolo bien|ripensandoci|pensando melhor"
    r"|bij nader inzien|po namyśle|подумав|eigentlich|plutôt|más bien|anzi)"
)
_ABROAD = (
    rf"(?:{_CORRECTED}|{_MOVED})[^.!?\n。]{{0,40}}{_NAMES}[^.!?\n。\d]{{0,40}}?{_N_ABROAD}",
    rf"{_NAMES}[^.!?\n。\d]{{0,30}}{_MOVED}[^.!?\n。\d]{{0,30}}?{_N_ABROAD}",
    rf"{_CORRECTED}\s?[:：]\s?{_N_ABROAD}(?=\s*(?:[.,;!。]|分|点|점|\n|\Z))",
    rf"(?<!\w){_I_MOVE}\s[^.!?\n\d]{{0,40}}?(?:auf|zu|à|a|para|naar|na|до|на|إلى)\s{_N_ABROAD}",
    rf"{_NAMES}[^.!?\n。\d]{{0,8}}{_N_ABROAD}\s?(?:分|点|점)?(?:に|へ|으로|로)\s?{_MOVED_EAST}",
    rf"(?:改为|改為|改成|调整为|降为|降到|下调[至为]|减为)\s?{_N_ABROAD}",
    rf"स्कोर (?:को|अब) {_N_ABROAD}",
    rf"(?<!\w){_REFLECTING}[:,]?\s(?:(?:nur|eher|plutôt|solo|più|mais)\s)?{_N_ABROAD}(?=\s*(?:[.,;!]|\n|\Z))",
)
_CONDITION = expression(
    r"\b(?:if|unless|could|might|may|you|wenn|falls|würde|si|se|als|gdyby|jeśli|если|бы)\b"
    r"|如果|もし|만약"
)
_MOVES = tuple(map(expression, (*_ENGLISH, *_ABROAD)))
_SENTENCE_ENDS = ".!?\n。"


def moved_to(said: str) -> float | None:
    """The last number that *said*, which is in lower case, moves the grade to."""
    last, place = None, -1
    for pattern in _MOVES:
        for found in pattern.finditer(said, 0, MOST):
            begin = max(said.rfind(each, 0, found.start()) for each in _SENTENCE_ENDS) + 1
            stated = _CONDITION.search(said, begin, found.end()) is None
            if stated and found.start("number") > place:
                last, place = float(found["number"].replace(",", ".")), found.start("number")
    return last


_POINTS = r"(?:points?|marks?)"
_BUT = r"(?:however|but|though|yet|still|now|then|also|that said)"
_CUT = expression(
    rf"\b{_BUT}\b[^.!?\n]{{0,40}}?\b(?:(?:i|we)(?:['’]ll| will| must| have to| need to| should"
    r"|['’]d| would)?|let me)\s(?:now |then |also )?(?:deduct|subtract|dock|knock off"
    rf"|take (?:off|away)|remove|add)\s(?:\w+\s){{0,3}}?{_POINTS}\b"
    rf"|\b{_BUT}\b[^.!?\n]{{0,40}}?\b{_POINTS} (?:are|will be|must be|have to be|should be)"
    r" (?:then )?(?:deducted|subtracted|taken off|removed|added)\b"
    r"|\b(?:however|but|now|then|so),?\s(?:deduct|subtract|take off|add)\s"
    rf"(?:\w+\s){{0,3}}?{_POINTS}\b"
)


def is_cut(said: str) -> bool:
    """Whether *said*, which is in lower case, takes points from a grade, or adds some, after all.

    "However, I deduct two points" does; "I deducted two points for the ending" says why it is so.
    """
    return _CUT.search(said, 0, MOST) is not None
