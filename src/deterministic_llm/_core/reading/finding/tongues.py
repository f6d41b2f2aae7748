"""How it is said in several languages that nothing was looked at, as data.

In: a text. Out: the languages that it is worth a look in, each with its patterns. A clause declines
only where what cannot be done is the task itself, on the whole of its input or result: "I cannot
judge the handwriting" does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deterministic_llm._core.records import frozen
from deterministic_llm._core.regexes import expression


@frozen
class Tongue:
    """One language.

    *worth* are parts of words, in lower case, of which a clause that *declines* has one.
    *explained* are words behind it by which there is a value all the same, *conceded* those before
    it that make less of it, and *led* is what may stand before it where it follows a value.
    """

    worth: tuple[str, ...]
    declines: re.Pattern[str]
    explained: re.Pattern[str]
    conceded: re.Pattern[str]
    led: re.Pattern[str]


def spoken_in(text: str) -> Iterator[Tongue]:
    """The languages in which *text* may decline: words are found in a fraction of the time."""
    lower = text.lower()
    for tongue in _TONGUES:
        if any(word in lower for word in tongue.worth):
            yield tongue


_CANNOT = (
    r"I(?:\s(?:really|simply|just|therefore|also|unfortunately|currently|still|honestly)){0,2}?"
    r"(?:\s(?:cannot|can['’]?t|can\snot|could\snot|couldn['’]t|won['’]t|will\snot)(?:\sbe\sable\sto)?"
    r"|(?:['’]m|\sam|\swas|['’]ve\sbeen|\shave\sbeen)(?:\s\w+)?\s(?:unable|not\sable)\sto)"
    r"(?:\s(?:really|simply|properly|fairly|accurately|reliably|possibly|meaningfully)){0,2}?"
)
_TASK = (
    r"(?:(?:grade|score|rate|evaluate|assess|judge|mark|answer|determine|classify|categori[sz]e"
    r"|extract|summari[sz]e|translate|analy[sz]e|review|process|complete|see|read|access|open|view"
    r"|provide|give|assign|produce|generate|return|comply\swith|fulfil+|do)"
    r"|(?:help|assist)(?:\syou)?(?:\swith)?)"
)
_INPUT = (
    r"(?:essay|text|document|article|review|input|data|content|image|file|message|e?-?mail"
    r"|transcript|passage|question|request|task|submission|response|page|paper|report|picture"
    r"|photo|attachment)"
)
_RESULT = (
    r"(?:answer|score|grade|rating|mark|evaluation|assessment|classification|summary|translation"
    r"|output|result|json|judge?ment)"
)
_WHAT = (
    r"(?:you|it|this|that|these|them|anything|(?:one|a\snumber)"
    rf"|(?:[^\W\d_]+\s)?(?:{_INPUT}s|{_RESULT}s)(?:\slike\s(?:this|these|that))?"
    rf"|(?:the|this|that|your|any|an?)\s(?:[^\W\d_]+\s){{0,2}}?(?:{_INPUT}|{_RESULT})s?)"
)
_OVER = (
    r"(?=[*_`\"'”’)]*(?:\s*(?:[.;:,!\n—–(]|\Z|-\s)"
    r"|\s(?:because|since|without|due\sto|until|unless|as\s(?:the|it|there|no|you|i|nothing)"
    r"|for\s(?:you|this|the)|yet|at\sall|you|that|which|linked|attached|provided)\b))"
)
_ENGLISH = Tongue(
    ("not ", "n't ", "n’t ", "cant ", "unable ", "declin"),
    expression(
        rf"(?<![\w'’])(?:{_CANNOT}\s{_TASK}(?:\s{_WHAT})?{_OVER}"
        rf"|I\s(?:do\snot|don['’]t)\shave\s(?:access\sto\s)?(?:the|any|an?|your)\s"
        rf"(?:[^\W\d_]+\s){{0,2}}?{_INPUT}s?{_OVER}"
        r"|I\s(?:do\snot|don['’]t)\shave\s(?:enough|sufficient)\s(?:information|context|data|details?)"
        rf"(?:\sto\s{_TASK}(?:\s{_WHAT})?)?{_OVER}"
        rf"|I\s(?:must|have\sto|need\sto)\s(?:respectfully\s)?decline(?:\sto\s{_TASK}(?:\s{_WHAT})?)?"
        rf"{_OVER})",
        re.IGNORECASE,
    ),
    expression(
        r"\b(?:but|however|nevertheless|nonetheless|still|instead|anyway"
        r"|that\ssaid|although|though|otherwise|so(?!\s(?:this|that|it)\s(?:is|was)\s(?:just\s|only\s|merely\s)?"
        r"(?:an?\s)?(?:placeholder|dummy|made[\s-]up|arbitrary|random|example)\b)|thus|therefore|hence|accordingly|consequently"
        r"|(?:based|going|judging)\s(?:on|by|from)|from\swhat|assum\w+|guess\w*|estimat\w+|(?:my|at)\sbest"
        r"|provisional\w*|tentative\w*|default\w*|fall\s?back"
        r"|I(?:['’]ll|['’]ve|['’]m|['’]d|\s(?:will|have|am|would|can|do))?(?:\s\w+)?"
        r"\s(?:giv(?:e|en|ing)|gave|assign\w*|us(?:e|ed|ing)|return\w*|set|bas(?:e|ed|ing)|infer\w*"
        r"|graded?|scored?|rated?|judged?|evaluated?|assessed|treat\w*|record\w*|mark\w*|put|went|go))\b",
        re.IGNORECASE,
    ),
    expression(
        r"\b(?:although|though|while|whilst|even\s(?:though|if)|if|where|when|because|what|that|which)"
        r"\s*\Z",
        re.IGNORECASE,
    ),
    expression(
        r"[\s`*_>)]*(?:(?:please\s)?(?:note|nb|p\.?s\.?)(?:\sthat)?\s?:?\s+)?"
        r"(?:(?:however|unfortunately|sorry|I['’]m\s(?:sorry|afraid)|I\sapologi[sz]e|but)[,.:;]?\s+"
        r"(?:but\s|that\s)?){0,2}",
        re.IGNORECASE,
    ),
)

_STOPS = r"(?=[*_`\"'”’)»]*(?:\s*(?:[.;:,!\n—–(]|\Z|-\s)|\s(?:{because})\b))"


def _tongue(
    worth: tuple[str, ...], declines: str, *, because: str, explained: str, conceded: str, led: str
) -> Tongue:
    """A language in Latin letters, in which nothing but a reason goes on behind the clause."""
    stops = _STOPS.format(because=because)
    return Tongue(
        worth,
        expression(rf"(?<![\w'’])(?:{declines}){stops}", re.IGNORECASE),
        expression(rf"\b(?:{explained})\b", re.IGNORECASE),
        expression(rf"\b(?:{conceded})\s*\Z", re.IGNORECASE),
        expression(rf"[\s`*_>)]*(?:(?:{led})[,.:;]?\s+){{0,2}}", re.IGNORECASE),
    )


_GERMAN_WHAT = (
    r"(?:\s(?:leider|aber|das|dies(?:e[nrms]?)?|de[nrms]|die|ihre?n?|deine?n?|es|ein(?:e[nrms]?)?"
    r"|auf|zu|keine?n?|hier)){0,4}?"
    r"(?:\s(?:aufsatz|essay|text|artikel|beitrag|dokument|bild|datei|inhalt|anhang|frage|anfrage"
    r"|aufgabe|eingabe|link|antwort|bewertung|note|punktzahl)s?)?"
)
_GERMAN_VERB = (
    r"(?:bewerten|beurteilen|benoten|einschätzen|beantworten|antworten|verarbeiten|analysieren"
    r"|auswerten|lesen|sehen|einsehen|öffnen|aufrufen|zugreifen|(?:ab|ver)?geben|liefern|erstellen"
    r"|zusammenfassen|übersetzen|klassifizieren|einordnen|helfen|weiterhelfen)"
)
_GERMAN = _tongue(
    ("nicht", "kein"),
    rf"(?:ich\s(?:kann|konnte|könnte|darf)|(?:kann|konnte|darf)\sich){_GERMAN_WHAT}"
    rf"\s(?:nicht|kein(?:e[nrms]?)?){_GERMAN_WHAT}\s{_GERMAN_VERB}"
    rf"|(?:ich\sbin|bin\sich)(?:\sleider)?\snicht\sin\sder\slage,?{_GERMAN_WHAT}"
    rf"\szu\s{_GERMAN_VERB}"
    r"|(?:ich\shabe|habe\sich)(?:\sleider)?\skeinen\szugriff\sauf\s(?:den|das|die|ihren?|deinen?)"
    r"\s(?:aufsatz|essay|text|artikel|dokument|bild|datei|inhalt|anhang|link)",
    because="weil|da|denn|ohne|bis|solange",
    explained=(
        "aber|jedoch|trotzdem|dennoch|daher|deshalb|deswegen|darum|somit|also|stattdessen|gleichwohl"
        r"|allerdings|geschätzt|schätzung|schätze|vorläufig\w*|anhand|auf\sder\sgrundlage"
        r"|ich\s(?:gebe|vergebe|setze|nehme|bewerte|werte)|(?:gebe|vergebe|setze|nehme)\sich"
    ),
    conceded="obwohl|wenn|auch|weil|da|falls|was|während",
    led=r"leider|hinweis|anmerkung|bemerkung|entschuldigung|es\stut\smir\sleid|aber",
)
_ROMANCE_MIDDLE = (
    r"(?:\s(?:à|a|al|ad|au|aux|ao|sur|sobre|su|con|avec|com|de|del|du|da|do|di|la|le|les|lo|los|las"
    r"|el|il|i|gli|o|os|as|ce|cet|cette|ces|votre|vos|este|esta|ese|esa|esto|eso|tu|sus|um|uma|un"
    r"|una|une|essa|esse|isto|isso|seu|sua|questo|questa|quel|quella|tuo|tua|suo|alla|ai"
    r"|(?:quest|all|dell|l|d)['’]|pas)){0,2}?\s?"
)
_FRENCH_VERB = (
    r"(?:évaluer|noter|corriger|juger|répondre|traiter|analyser|lire|voir|accéder|ouvrir|consulter"
    r"|fournir|donner|attribuer|aider|résumer|traduire|classer|classifier|effectuer)"
)
_FRENCH = _tongue(
    ("ne peux", "ne puis", "ne suis", "n'ai pas", "n’ai pas", "ne pourrai"),
    r"je\s(?:ne\s(?:peux|puis|pourrai)(?:\smalheureusement)?(?:\spas)?"
    r"|ne\ssuis(?:\smalheureusement)?\spas\s(?:en\smesure\sde|capable\sde|à\smême\sde)"
    r"|ne\ssuis(?:\smalheureusement)?\spas\sen\smesure\sd['’])\s?"
    rf"(?:vous\s|t['’]|l['’]|le\s|la\s|y\s)?{_FRENCH_VERB}(?:{_ROMANCE_MIDDLE}"
    r"(?:texte|essai|rédaction|dissertation|document|article|question|demande|image|fichier|contenu"
    r"|note|réponse|copie|devoir|pièce\sjointe|lien|évaluation|tâche))?"
    rf"|je\sn['’]ai(?:\smalheureusement)?\spas\saccès{_ROMANCE_MIDDLE}"
    r"(?:texte|essai|document|article|image|fichier|contenu|pièce\sjointe|lien)",
    because=r"car|parce|puisque|sans|faute|tant|en\sl['’]absence",
    explained=(
        r"mais|cependant|toutefois|néanmoins|pourtant|donc|ainsi|par\sconséquent|quand\smême"
        r"|malgré|estim\w+|provisoire\w*|d['’]après|sur\sla\sbase"
        r"|je\s(?:donne|mets|attribue|propose|note|lui)"
    ),
    conceded=r"bien\sque|même\ssi|si|quoique|ce\sque|parce\sque|comme",
    led=r"malheureusement|désolée?|je\ssuis\sdésolée?|remarque\s?|note\s?|nb|mais",
)
_SPANISH = _tongue(
    ("no puedo", "no podr", "no pude", "no me es posible", "no soy capaz", "no tengo acceso"),
    r"(?:yo\s)?no\s(?:puedo|podré|podría|pude|me\ses\sposible|soy\scapaz\sde)\s"
    r"(?:evaluar|calificar|puntuar|corregir|valorar|juzgar|responder|contestar|analizar|procesar"
    r"|leer|ver|abrir|acceder|consultar|proporcionar|dar|asignar|ayudar|resumir|traducir|clasificar"
    r"|realizar)(?:l[oae]s?|te)?"
    rf"(?:{_ROMANCE_MIDDLE}(?:ensayo|texto|documento|artículo|pregunta|solicitud|imagen|archivo"
    r"|contenido|nota|respuesta|redacción|trabajo|calificación|puntuación|enlace|tarea|evaluación))?"
    rf"|no\stengo\sacceso{_ROMANCE_MIDDLE}(?:ensayo|texto|documento|artículo|imagen|archivo"
    r"|contenido|enlace)",
    because=r"porque|ya\sque|puesto\sque|dado\sque|sin|pues|hasta",
    explained=(
        r"pero|sin\sembargo|no\sobstante|aun\sasí|así\sque|por\slo\stanto|por\seso|por\stanto"
        r"|entonces|estim\w+|provisional\w*|basándome|le\s(?:doy|pongo|asigno)"
        "|(?:doy|pongo|asigno|otorgo)"
    ),
    conceded=r"aunque|si|porque|lo\sque|como",
    led=r"lo\ssiento|lamentablemente|desafortunadamente|por\sdesgracia|nota|pero|disculpa",
)
_PORTUGUESE = _tongue(
    ("não posso", "não consigo", "não pude", "não é possível", "não tenho acesso", "não poderei"),
    r"(?:eu\s)?não\s(?:posso|poderei|consigo|pude|consegui)\s"
    r"(?:avaliar|corrigir|pontuar|julgar|responder|analisar|processar|ler|ver|abrir|acessar|aceder"
    r"|fornecer|dar|atribuir|ajudar|resumir|traduzir|classificar|realizar)(?:-l[oa]s?|-[oa]s?)?"
    rf"(?:{_ROMANCE_MIDDLE}(?:redação|ensaio|texto|documento|artigo|pergunta|imagem|arquivo"
    r"|ficheiro|conteúdo|nota|resposta|trabalho|solicitação|pedido|anexo|link|tarefa|avaliação))?"
    rf"|(?:eu\s)?não\stenho\sacesso{_ROMANCE_MIDDLE}(?:redação|ensaio|texto|documento|artigo|imagem"
    r"|arquivo|ficheiro|conteúdo|anexo|link)",
    because=r"porque|pois|já\sque|uma\svez\sque|sem|até",
    explained=(
        r"mas|porém|contudo|no\sentanto|entretanto|todavia|mesmo\sassim|portanto|por\sisso|então"
        r"|assim|estim\w+|provisóri\w+|com\sbase|(?:dou|atribuo|coloco)"
    ),
    conceded=r"embora|se|porque|o\sque|como|ainda\sque",
    led=r"infelizmente|desculpe|sinto\smuito|lamento|nota|observação|mas",
)
_ITALIAN = _tongue(
    ("non posso", "non riesco", "non sono in grado", "non ho accesso", "non potrò"),
    r"(?:io\s)?non\s(?:posso|potrò|riesco\sad?|sono\sriuscito\sad?|sono\sin\sgrado\sdi)\s"
    r"(?:valutar|corregger|giudicar|risponder|analizzar|elaborar|legger|veder|aprir|accederv?"
    r"|fornir|dar|assegnar|aiutar|riassumer|tradur|classificar)(?:re|e|l[oaie]|ti|vi|ne)?"
    rf"(?:{_ROMANCE_MIDDLE}(?:tema|saggio|testo|documento|articolo|domanda|immagine|file|contenuto"
    r"|voto|risposta|compito|elaborato|richiesta|allegato|link|valutazione))?"
    rf"|(?:io\s)?non\sho\saccesso{_ROMANCE_MIDDLE}(?:tema|saggio|testo|documento|articolo|immagine"
    r"|file|contenuto|allegato|link)",
    because=r"perché|poiché|dato\sche|visto\sche|senza|in\squanto|finché",
    explained=(
        r"ma|però|tuttavia|comunque|ciononostante|quindi|perciò|pertanto|dunque|stim\w+"
        r"|provvisori\w+|in\sbase|(?:do|assegno|attribuisco)"
    ),
    conceded=r"anche\sse|sebbene|se|perché|ciò\sche|come|benché",
    led=r"purtroppo|mi\sdispiace|spiacente|nota|ma|scusa",
)
_CHINESE_INPUT = (
    r"(?:作文|文章|文本|论文|文档|内容|文件|图片|图像|请求|问题|任务|答案|评论|输入|链接|附件|分数|评分"
    r"|回复|短文)"
)
_CHINESE = Tongue(
    ("无法", "不能", "没有办法", "没法", "無法"),
    expression(
        r"(?:我|本人|抱歉[，,、]?|对不起[，,、]?|很遗憾[，,、]?|遗憾的是[，,、]?|\A|(?<=[。！？\n]))"
        r"(?:目前|现在|暂时|恐怕|真的|实在|也|因此|所以)?(?:无法|無法|不能|没有办法|没法)"
        rf"(?:(?:对|为|给)(?:您的|你的|这篇|该|此|这个|这份|这段|本)?{_CHINESE_INPUT}?)?"
        r"(?:进行|给出|作出|做出)?"
        r"(?:评分|打分|评估|评价|评判|批改|回答|判断|分类|完成|提供|处理|访问|查看|看到|打开|翻译|总结|提取|帮助|协助)"
        rf"(?:您的|你的|您|你|这篇|该|此|这个|这份|这段|的)?{_CHINESE_INPUT}?"
        r"(?=[*_`”’」]*\s*(?:[。，,；;：:！!\n（(]|\Z|因为|由于))"
    ),
    expression(
        r"但|不过|然而|因此|所以|于是|仍|还是|暂定|估计|推测|根据|基于|我(?:给|打|评|判|选|填|将|会|只能)"
    ),
    expression(r"(?:虽然|尽管|如果|即使|因为|若)\s*\Z"),
    expression(r"[\s`*_>)]*(?:(?:注意?|备注|说明|抱歉|对不起|很遗憾)[，,：:]?\s*){0,2}"),
)
_JAPANESE_INPUT = (
    r"(?:エッセイ|作文|文章|テキスト|論文|文書|ドキュメント|内容|ファイル|画像|リクエスト|ご?質問|ご?依頼"
    r"|タスク|回答|入力|リンク|添付ファイル)"
)
_JAPANESE = Tongue(
    ("できません", "できない", "かねます", "できませんでした"),
    expression(
        r"(?:\A|(?<=[。！？\n、,，])|(?:申し訳(?:ありません|ございません)が|すみませんが|残念ながら)[、,]?)\s*"
        rf"(?:私は|私には)?(?:(?:この|その|本|当該|ご提示の)?{_JAPANESE_INPUT}(?:を|は|に|には))?"
        r"(?:採点|評価|回答|お答え|判断|判定|分類|翻訳|要約|処理|提供|お手伝い|対応|確認|閲覧|アクセス)"
        r"(?:する)?(?:ことは|ことが|は|が)?(?:できません(?:でした)?|できない|いたしかねます|できかねます|しかねます)"
        r"(?=[*_`”’」]*\s*(?:[。.！!\n（(]|\Z|ので|ため|です))"
    ),
    expression(
        r"しかし|ただし|ですが|けれど|そのため|したがって|よって|とりあえず|推測|推定|仮に|に基づ|とします|付けます|としました"
    ),
    expression(r"(?:もし|仮に)\s*\Z"),
    expression(
        r"[\s`*_>)]*(?:(?:注|備考|注意|なお|申し訳(?:ありません|ございません)(?=。))[：:、,。]?\s*){0,2}"
    ),
)
_TONGUES = (
    _ENGLISH,
    _GERMAN,
    _FRENCH,
    _SPANISH,
    _PORTUGUESE,
    _ITALIAN,
    _CHINESE,
    _JAPANESE,
)
