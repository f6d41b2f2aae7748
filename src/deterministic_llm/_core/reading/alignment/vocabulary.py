"""The closed word lists that the rules of alignment go by."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of *text* as a set."""
    return frozenset(text.split())


NULL_LITERALS = words("null none nil n/a undefined")
"""Words for "there is no value", even where any text would be a value."""
NULL_WORDS = NULL_LITERALS | words("n.a na") | {"not applicable", "not available"}
"""Words for "there is no value", bare and in lower case."""
MISSING = (
    r"(?:applicable|available|detected|found|given|identified|listed|mentioned|provided|specified"
    r"|stated)\b"
)
"""What is said of what is not there, in lower case: "not given", "no names mentioned"."""
NONE_ABROAD = words(
    "keine keiner keines aucun aucune ninguno ninguna nessuno nessuna nenhum nenhuma нет 无 無 なし"
)
"""Words for "none" in other languages, where a list is wanted."""
TRUE_WORDS = words("true yes y on oui sí sì si ja sim да はい 是 是的 네 예")
"""Words for true, in a few languages."""
FALSE_WORDS = words("false no n off non nein não nao nee нет いいえ 否 不是 아니요 아니오")
"""Words for false, in the same."""

DOUBT = words(
    """
    not no never neither nor non without hardly barely scarcely cannot isn wasn aren don doesn didn
    won wouldn shouldn couldn far from maybe perhaps possibly probably might may could should if
    unless either or between almost nearly somewhat partly mostly unsure unclear uncertain unknown
    likely unlikely seems seem appears guess rather instead than except but however although though
    whereas versus vs both other others else false untrue wrong incorrect doubt depends only
    wait opposite contrary formerly was were nicht kein keine nie pas jamais ni sin não nunca mai
    ikke inte niet geen не нет ou oder oppure aber mais pero
    """
)
"""Words that can turn around, weaken or double what a label beside them says."""
FRAME = words(
    """
    the this that my our your a an final answer label category class classification sentiment
    result verdict rating choice value it its text review message ticket email comment tone
    overall i would classify rate mark label choose pick select categorize so therefore thus hence
    correct best option response output as is are clearly definitely certainly obviously of for
    priority severity level topic status type letter i'd i'll it's statement sentence post tweet
    """
)
"""Words that say nothing but that an answer follows."""
QUESTION = words("is are would")
"""Words of the frame that open a question when they stand first."""

ENVELOPES = words(
    """
    response data result results output answer finalanswer final value payload content json object
    items item list return returnvalue structuredoutput parsed body completion arguments parameters
    args input toolinput actioninput functioncall function toolcalls toolcall
    """
)
"""Names of members that hold nothing but the value; all keys here are folded."""
VAGUE = words("data content body object item items list json payload input parameters args")
"""Those that may as well name one of several parts."""
LIST_ENVELOPES = words("items item results data list response result output")
"""Those that can hold a list, and are no item themselves."""
NEVER_OPENED = words(
    """
    example examples sample draft template format schema previous old original before initial wrong
    incorrect invalid bad error errors rejected placeholder demo mock test hypothetical alternative
    alternatives request question prompt expected expectedformat default defs definitions min max
    minimum maximum count index total code status id length size not
    """
)
"""Names of members that hold something else than the answer."""
COUNTS = words("count total totalcount size length")
"""Names of numbers beside a list that may say how many items it has."""
EXPLAINS = words(
    """
    reason reasons reasoning explanation rationale justification analysis comment comments feedback
    evidence
    """
)
"""Names of texts beside a value that say why it is so."""
SCALES = words("max maximum maxscore outof scale denominator")
"""What stands beside a value and says which one would be the highest."""
UNITS = words("unit units currency")
"""What stands beside a value and says of what it counts."""
CURRENCY_KEYS = words("currency currencycode unit units")
"""Names of members that say in which currency the amount beside them is."""
TOOL_PAYLOADS = words("arguments parameters args kwargs input toolinput actioninput")
"""What a tool call names its arguments."""
TOOL_NAMES = words("name tool toolname action function functionname recipientname")
"""What a tool call names its tool."""
TOOL_REST = words("id type callid index thought toolcallid")
"""What else a tool call holds."""
TYPED_VALUE = words("type value title description format name")
"""The keys of a value that is written with its type."""
ECHOED_SCHEMA = words(
    "type properties title required description $schema additionalproperties $defs definitions"
)
"""The keys of a schema that is written with values for properties."""
