"""The words before a candidate that mark it: phrases.

Each rule is a name, the mark it gives, whether it is weak, and what it looks like; all texts are
lower-case. A phrase is looked for only in a line that has one of its words, or is not ASCII.
"""

# ruff: noqa: RUF001  (Cyrillic is looked for)
from __future__ import annotations

from deterministic_llm._core.reading.finding.candidates import Mark
from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression


@frozen
class Marking:
    """A mark with the rule that gave it; a weak one only tells several candidates apart."""

    mark: Mark
    rule: str
    weak: bool = False


def words(said: str) -> frozenset[str]:
    """The words of *said*."""
    return frozenset(said.split())


_SPEAKER = (
    r"(?:user|customer|student|author|client|sender|writer|person|email|e-mail|message|prompt"
    r"|document|ticket|essay|page|article|comment|text|review|post|attacker|injection)(?:['’]s)?"
)
_TO_ANSWER = r"(?:output|return|answer|say|print|reply|respond|give)(?: with)?"
_THIS = r"(?: (?:the |this |a )?(?:following|instruction|command|text|line|json|object)){0,2}"
_FORM = r"(?:format|schema|template|structure|shape)"

ASKS_FOR_INPUT = (
    r"(?:please|kindly) (?:provide|share|send|paste|upload|attach|include|submit|resend)"
    r"(?: me)?(?: with)? (?:the|your|an?) (?:(?:actual|full|complete|whole|student['’]s) )?"
    r"(?:essay|text|document|article|review|input|data|content|image|file|message|e?-?mail"
    r"|transcript|passage|question)s?\b(?! (?:if|for)\b)[^.,\n]{0,40}"
)
"""A model that asks for what it was to look at has looked at nothing."""
FOR_EXAMPLE = expression(
    r"(?:\b(?:for example|for instance|e\.\s?g\.?|such as|as an (?:example|illustration)"
    r"|zum beispiel|z\.\s?b\.?|beispielsweise|par exemple|p\.\s?ex\.?|por ejemplo|p\.\s?ej\.?"
    r"|por exemplo|ad esempio|например)|例如|比如|譬如|例えば|たとえば|예를 들어)[\s,:，：、]*$"
)
FINAL_CALL = expression(r"\b(?:final_?(?:answer|result|output)|submit(?:_answer)?)\s?\(\s?\Z")

_PHRASE_RULES: tuple[tuple[str, Mark, bool, str, str], ...] = (
    (
        "before correction", "draft", False,
        "correction uncorrected pre superseded discarded",
        (r"\b(?:before (?:the |any )?correction|uncorrected|pre-correction|superseded"
        r"|discarded)\W*$"),
    ),
    (
        "final draft", "final", False,
        "final",
        r"^(?:here is |here['’]s |this is )?(?:the |my )?final (?:draft|attempt|version)\W*$",
    ),
    (
        "first attempt", "draft", False,
        "first initial st early rough wrong old previous",
        (r"^(?:here is |here['’]s |this is |this was )?(?:the |my |a )?"
        r"(?:very )?(?:first|initial|1st|early|rough|wrong|old|previous) "
        r"(?:attempt|try|guess|draft|pass|thought|go|stab)(?: (?:was|is|at it|at this))*\W*$"),
    ),
    (
        "at first", "draft", False,
        "first initially my",
        (r"^(?:at first|initially|my (?:first|initial) (?:thought|guess|idea|instinct|impression))"
        r"\b"
        r"(?:,? (?:i|it|was|is|had|got|thought|wrote|came|up|with|considered|would|said|answered"
        r"|have|of|to|be|the|an?|answer|say|this|that|put|gave)){0,7}\W*$"),
    ),
    (
        "denied", "draft", False,
        "not never isn't wasn't don't won't shouldn't isn’t wasn’t don’t won’t shouldn’t",
        (r"\b(?:not|never|(?:is|was|do|wo|should|must)n['’]t)(?: be)?"
        r"(?: (?:return|use|output|say|give|write|answer|accept|print))?(?: with)?\W*$"),
    ),
    (
        "under a condition", "example", False,
        "would could might were had i'd it'd you'd we'd i’d it’d you’d we’d",
        (r"^(?:if|had|were|suppose|assuming|unless)\b.*"
        r"(?:\b(?:would|could|might)|['’]d)\b[^.]*$"
        r"|^(?:if (?!i\b|we\b|you\b|one\b).{1,60}\b(?:were|had)|had\b.{1,60}\bbeen)\b[^.]*$"),
    ),
    (
        "called a sample", "example", False,
        ("sample example template placeholder mock dummy hypothetical fictional fictitious"
        " illustrative simulated made"),
        (r"\bhere(?:['’]s| is| are) (?:an? |some |just an? )?"
        r"(?:sample|example|template|placeholder|mock|dummy|hypothetical|fictional|fictitious"
        r"|illustrative|simulated|made[ -]up)s?\b[^.]{0,40}$"),
    ),
    (
        "called a sample abroad", "example", False,
        "hier voici aquí aqui ecco вот",
        (r"(?:\bhier (?:(?:ist|sind|folgt|kommt) )?(?:nur )?(?:ein|eine|einige) (?:fiktives? )?"
        r"(?:beispiel|muster)\w*"
        r"|\bvoici un (?:petit )?(?:exemple|modèle)|\baquí (?:(?:tienes|está|va|hay) )?un ejemplo"
        r"|\baqui está um exemplo|\becco un esempio|\bвот пример)\b[^.]{0,40}$"),
    ),
    (
        "asked for the input", "draft", False,
        "please kindly",
        ASKS_FOR_INPUT + r"\W*$",
    ),
    (
        "supposed", "example", False,
        "suppose imagine assume let's let’s say pretend",
        (r"^(?:(?:now|so|then|just),? )?(?:suppose|imagine|assume|pretend"
        r"|let['’]s (?:say|suppose|imagine|assume|pretend)|say)\b[^.:]{0,60}\W*$"),
    ),
    (
        "something like", "example", False,
        "something like lines similar",
        (r"\b(?:something|anything|one)(?: \w+)? (?:like|similar to|along (?:the|these) lines)"
        r"(?: (?:of|this|that|so|the following))*\W*$"),
    ),
    (
        "possible", "example", False,
        "could might may typical possible hypothetical plausible",
        (r"\b(?:you|one|we|i|it|answer|response|reply|output|result|record|object|json)"
        r"(?: \w+)? (?:could|might|may)(?: (?:then|also|perhaps|now))? "
        r"(?:be|say|return|answer|output|write|give|respond|reply|read)(?: with)?"
        r"(?: (?:this|something|the following))?\W*$"
        r"|^an? (?:typical|possible|hypothetical|plausible) \w+(?: \w+){0,3}\W*$"),
    ),
    (
        "perhaps", "draft", False,
        "maybe perhaps possibly",
        (r"^(?:(?:so|hmm|well|or|and),? )?(?:maybe|perhaps|possibly)"
        r"(?: (?:it|that|this|is|it['’]s|just|like|so|something))*\W*$"),
    ),
    (
        "in place of", "draft", False,
        "instead rather unlike place",
        (r"\b(?:instead of|in place of|rather than|unlike)"
        r"(?: (?:the|this|saying|returning|giving|writing|answering|just)){0,3}\W*$"),
    ),
    (
        "said before", "draft", False,
        "previous last prior earlier old former previously yesterday's yesterday’s yesterday",
        (r"^(?:the |my |your |its )?(?:previous|last|prior|earlier|old|former|yesterday['’]s) "
        r"(?:answer|response|reply|output|result|version|message|json|value|record|turn|run)s?"
        r"(?: (?:was|were|is|said|read|gave|had|been|i|we|you|so|far|of|that|which)){0,4}\W*$"
        r"|^(?:previously|last time|earlier|yesterday)\b,?"
        r"(?: (?:i|we|you|it|had|was|said|gave|wrote|answered|returned|got|been)){0,4}\W*$"),
    ),
    (
        "grade of another", "quotation", False,
        "gave said wrote assigned answered returned chose scored rated had awarded put",
        (r"^(?:the |my |your )?(?:previous|last|prior|earlier|other|first|human|original|old) "
        r"(?:grader|rater|reviewer|evaluator|assessor|annotator|model|assistant|teacher|run|marker"
        r"|examiner|judge)s?(?: \w+)? (?:gave|said|wrote|assigned|answered|returned|chose|scored"
        r"|rated|had|awarded|put)(?: (?:it|this|them|the essay))?\W*$"),
    ),
    (
        "considered", "draft", False,
        ("considered about of considering tempted thinking say answer give had got wrote said"
        " thought gave"),
        (r"\bi (?:considered|thought (?:about|of)|was (?:considering|tempted (?:by|to (?:say|answer"
        r"|give))|thinking(?: of| about)?|going to (?:say|answer|give))|(?:initially|first|almost"
        r"|nearly) (?:had|got|wrote|said|thought|gave))\W*$"),
    ),
    (
        "settled on", "final", False,
        "settled decided landed",
        r"\b(?:settled|decided|landed) (?:on|for)\W*$",
    ),
    (
        "all but", "draft", False,
        "but except excluding than besides from including unlike",
        (r"\b(?:all|everything|anything|any|none|every\w*)(?: \w+){0,2} (?:but|except(?: for)?"
        r"|other than|besides|apart from|excluding)\W*$"
        r"|\b(?:except(?: for)?|excluding|other than|but not|not including)\W*$"),
    ),
    (
        "part of it", "part", False,
        ("partial incomplete unfinished truncated abridged abbreviated shortened first last of"
        " showing"),
        (r"\b(?:the|an?|my|this) (?:partial|incomplete|unfinished|truncated|abridged|abbreviated"
        r"|shortened) (?:list|answer|result|output|response|version|set|json|array|object|excerpt"
        r"|selection)(?: (?:is|of \w+|below))?\W*$"
        r"|\b(?:here(?:['’]s| is)|this is) (?:an? |the )?(?:\w+ )?(?:subset|excerpt|snippet) of\b"
        r"[^.]{0,40}$|\bshowing (?:only )?(?:the first )?\d+ (?:out )?of (?:the )?\d+\b[^.]{0,30}$"
        r"|\b(?:first|last|only) (?:\d+|two|three|four|five|six|ten|few) (?:out )?of (?:the |all )?"
        r"(?:\d+|many|several|ten|twelve|twenty|a dozen)\b[^.:]{0,30}\W*$"),
    ),
    (
        "better one", "corrected", False,
        "better improved fairer accurate careful",
        (r"\b(?:here(?:['’]s| is)|this is) (?:an?|my|the) (?:better|improved|fairer"
        r"|more (?:accurate|careful)) (?:version|answer|one|attempt|estimate|grade|assessment"
        r"|result|output|object|json)\W*$"),
    ),
    (
        "asked for", "quotation", False,
        "asked wanted wants expects told supposed",
        (rf"^(?:but )?(?:(?:the |this |that |an? )?(?:\w+ )?(?:teacher|{_SPEAKER})|they|he|she"
        r"|(?:i|we) (?:was|were|am|have been)) "
        r"(?:also |originally |specifically )?(?:asked|wanted|wants|expects|told|supposed)"
        rf"(?: (?:me|us))?(?: for| to {_TO_ANSWER})?{_THIS}\W*$"),
    ),
    (
        "to be filled in", "example", False,
        "replace fill customize customise",
        (r"^(?:please |then |now |just |you (?:can|should|must|need to) )?"
        r"(?:replace|fill (?:in|out)|customi[sz]e)\b[^.]{0,50}$"),
    ),
    (
        "thinking aloud", "draft", False,
        "thinking thought thoughts scratchpad brainstorming",
        (r"^(?:my )?(?:thinking|thoughts?|scratchpad|brainstorming)\s*[:：]"
        r"(?: (?:maybe|perhaps|so|hmm|something|like|it|is|this|could|be)\b,?)*\W*$"),
    ),
    (
        "example of", "example", True,
        "example sample",
        (r"^(?:an? |the )?(?:example|sample) (?:of|for|from) (?!.*\b(?:format|schema|structure"
        r"|template|shape|output|answer|response|json|object|result)\b)(?:an? |the )?\w+"
        r"(?: \w+){0,4}\W*$"),
    ),
    (
        "to be drafted", "draft", True,
        "draft sketch",
        r"\blet me (?:first |quickly )?(?:draft|sketch)(?: (?:it|this|one|an answer))?\W*$",
    ),
    ("draft of", "draft", True, "draft", r"\bdraft (?:of|for|version of)\b[^.:]{0,60}\W*$"),
    (
        "would look like", "example", False,
        "look formatted structured have",
        (r"(?:\b(?:would|could|might|should|may|must)|['’]d) (?:then )?"
        r"(?:look|be formatted|be structured)"
        r"(?: \w+){0,2} (?:like|as)(?: this| so| follows| the following)?\W*$"
        r"|\bi (?:would|could|might) have (?:returned|answered|said|written)\W*$"),
    ),
    (
        "form label", "example", False,
        "format schema template structure shape",
        (r"^(?:.{0,80}\b(?:but|however),? )?(?:here(?:['’]s| is) )?"
        rf"(?:(?:the|an?|your) )?(?:(?:expected|required|output|response|answer|desired|requested"
        rf"|correct) )*{_FORM}(?: (?:is|would be|should be|looks|to use|to follow|as follows|like"
        r"|below|this))*\W*$"),
    ),
    (
        "form that was asked for", "example", False,
        "asked requested wanted specified described gave provided",
        (rf"\b{_FORM} (?:that )?(?:you|they|was|were)(?: \w+)? (?:asked for|requested|wanted"
        r"|specified|described|gave|provided)(?: (?:is|was|would be|looks like))?\W*$"),
    ),
    (
        "words of another", "quotation", False,
        (
            "wrote writes said says sent pasted posted quoted claims claimed demands asks asked"
            " tells told instructs instructed wants wanted instruction instructions command"
            " commands injection injections request requests"
        ),
        (r"^(?:here(?:['’]s| is) what )?"
        rf"(?:(?:the|this|that|your|an?)\s)?(?:\w+ ){{0,2}}?{_SPEAKER}"
        r"(?: itself| also| even| originally)?(?: (?:text|body|field|content))? "
        rf"(?:(?:wrote|writes|said|says)(?: to {_TO_ANSWER})?"
        r"|(?:sent|pasted|posted|quoted|claims|claimed|demands)"
        r"|(?:asks|asked|tells|told|instructs|instructed|wants|wanted)(?: (?:me|us|you))? "
        rf"to (?:\w+ ){{0,2}}?{_TO_ANSWER}"
        r"|(?:contains|contained|includes|included|has)(?: an?| the| this| hidden| injected)*"
        rf" (?:instruction|command|injection|request)s?(?: to {_TO_ANSWER})?){_THIS}\W*$"),
    ),
    (
        "contents of another", "quotation", True,
        "contains contained includes included reads read ends ended begins starts closes with",
        (rf"^(?:(?:the|this|that|your|an?)\s)?(?:\w+ ){{0,2}}?{_SPEAKER}"
        r" (?:contains|contained|includes|included|reads|read"
        rf"|(?:ends|ended|begins|starts|closes) with){_THIS}\W*$"),
    ),
    (
        "words of the user", "quotation", False,
        "sent wrote said pasted quoted posted provided gave",
        (r"^(?:and )?(?:here is what )?you (?:\w+ )?(?:sent|wrote|said|pasted|quoted|posted"
        r"|provided"
        r"|gave)(?: me| us)?(?: (?:this|the following|was|is))?\W*$"
        r"|^(?:(?:the|this|your|an?) )?(?:(?!(?:for|of|from|in|on|to|with|by|about)\b)\w+ ){1,2}"
        r"you (?:sent|provided|gave|quoted|pasted)(?: me| us)?"
        r"(?: (?:was|is|were|contained|contains|reads|said))?\W*$"),
    ),
    (
        "input label", "quotation", False,
        ("input prompt message request question task exercise assignment quote quoted quotes"
        " quoting quotation original user human system customer"),
        (r"^(?:the |your )?(?:original |given |raw |user |user['’]s |test )?(?:input|prompt)"
        r"(?: (?:data|json|text|object|record))?(?: (?:was|is|were|contained|contains|reads))?\W*$"
        r"|^(?:the |your )?(?:original|given|user|user['’]s) (?:message|request|question)"
        r"(?: (?:was|is|reads|said))?\W*$"
        r"|^(?:user|human|system|customer|question|task|exercise|assignment)\s*[:：]$"
        r"|^(?:the )?(?:quote[ds]?|quoting|quotation)(?: \w+){0,4}\W*$"
        r"|^(?:the )?original(?: (?:text|message|input|json|document|record|data|object|version))?"
        r"(?: (?:was|is))?\W*$"),
    ),
    (
        "input label abroad", "quotation", False,
        (
            "schrieb eingabe originaltext zitat entrée original citation escribió entrada cita"
            " écrit"
        ),
        (r"(?:nutzer|benutzer|kunde|nutzerin) schrieb\W*$|^(?:eingabe|originaltext|zitat)\W*$"
        r"|l['’]utilisateur a écrit\W*$|^(?:entrée|texte original|citation)\W*$"
        r"|el usuario escribió\W*$|^(?:entrada|texto original|cita)\W*$"
        r"|(?:用户(?:写道|输入|说|发送了?)|输入|原文|引用|ユーザーの入力|入力)\W*$"),
    ),
    (
        "i correct", "corrected", False,
        "correct fix revise redo amend should ought meant mean make right",
        (r"\b(?:let me (?:correct|fix|revise|redo|amend) (?:that|this|it|myself|my answer)"
        r"|(?:i|it) (?:should|ought to) (?:have )?be(?:en)?|i meant|i mean|make that"
        r"|the (?:correct|right) (?:answer|one|version|value|json|object|result|record)s?"
        r" (?:is|was|should be|would be)|^(?:here(?:['’]s| is) )?(?:the )?(?:right|correct)"
        r" (?:answer|one|version|json|object|record))"
        r"(?: this| the following| instead| here it is)?\W*$"),
    ),
    (
        "label in chinese or japanese", "example", False,
        "",
        (r"(?:示例|例子|样例|范例|の例|(?:出力|回答|記入)例|サンプル)(?:输出|答案|结果|回答|数据)?"
        r"(?:如下|です|は以下の通り(?:です)?)?\W*$"),
    ),
    (
        "label in chinese or japanese", "draft", False,
        "",
        r"^(?:草稿|初稿|第一次尝试|最初的(?:答案|尝试)|最初の(?:案|回答|試み)|下書き)(?:如下|是|は)?\W*$",
    ),
    (
        "label in chinese or japanese", "corrected", False,
        "",
        r"^(?:更正|修正|订正|訂正|更新)(?:后|後|版)?(?:的|の)?(?:答案|结果|結果|回答|版本)?(?:如下|是|は|为)?\W*$",
    ),
    (
        "label in chinese or japanese", "final", False,
        "",
        r"(?:最终|最終)(?:的|的な)?(?:答案|结果|結果|回答|解答|版本)(?:如下|是|は|为|は以下の通りです)?\W*$",
    ),
    (
        "answer word", "final", True,
        "answer output result response json assistant",
        r"^(?:the )?(?:answer|output|result|response|json|assistant)(?: is)?\s*[:：=]$",
    ),
)  # fmt: skip
EXAMPLE_ENDS = words(
    "example instance g as illustration b beispiel beispielsweise exemple ex ejemplo ej exemplo"
    " esempio"
)
PHRASES = tuple(
    (Marking(mark, rule, weak=weak), words(needed), expression(pattern))
    for rule, mark, weak, needed, pattern in _PHRASE_RULES
)
