"""The words before a candidate that mark it: labels, with their fillers.

Each rule is a name, the mark it gives, whether it is weak, and the words of which one is a label.
"""

from __future__ import annotations

from deterministic_llm._core.reading.finding.candidates import Mark
from deterministic_llm._core.reading.finding.phrasebook import Marking, words

_LABEL_RULES: tuple[tuple[str, Mark, bool, str], ...] = (
    (
        "example label", "example", False,
        ("example examples sample samples illustration illustrative hypothetical placeholder"
        " beispiel beispiele muster exemple exemples modèle ejemplo ejemplos exemplo esempio"
        " пример 示例 例子 样例 范例 例 サンプル 예시"),
    ),
    (
        "draft label", "draft", False,
        ("draft drafts wrong incorrect invalid rejected outdated entwurf brouillon borrador"
        " rascunho bozza черновик 草稿 初稿 草案 下書き"),
    ),
    (
        "corrected label", "corrected", False,
        ("corrected correction updated revised adjusted amended fixed rectified actually wait"
        " instead korrektur korrigiert korrigierte berichtigt berichtigung corrigé corrigée"
        " rectificatif corrección corregido corregida correção corrigido correzione corretto"
        " исправление исправлено 更正 修正 修正后 修正版 更正后 订正 訂正 修正後 정정 수정"),
    ),
    (
        "final label", "final", False,
        ("final actual definitive conclusive endgültige endgültig endgültiges abschließende finale"
        " définitive définitif definitiva definitivo итоговый окончательный 最终答案 最终结果"
        " 最终回答 最终 最終回答 最終的な回答 最終結果 最終 最終解答 최종"),
    ),
    (
        "early label", "draft", True,
        "initial tentative preliminary rough provisional old before previous former vorläufig",
    ),
    (
        "form word", "example", True, "format schema template structure vorlage 模板 格式",
    ),
)  # fmt: skip
_FILLERS = words(
    "here here's here’s heres is are was s this that that's these it it's so thus therefore"
    " hence ok okay sure now and then the a an my our your of for as to in follows following"
    " below above json yaml output outputs response answer answers object objects result"
    " results version versions value values record records data list array block code payload"
    " only valid complete full requested required expected desired correct be would should"
    " could look looks like something with after before first second one grade score rating"
    " evaluation assessment report review verdict decision classification extraction reply"
    " return returned use used follow i have will give get got made sorry oops no apologies"
    " again oh hmm antwort ergebnis ausgabe hier ist die der das eine lautet wie folgt mein"
    " meine réponse résultat sortie voici la le les un une est ma suit respuesta resultado"
    " salida aquí está el los es mi siguiente resposta risposta saída ecco ответ результат"
    " вот 答案 回答 结果 結果 输出 出力 如下 是 以下 です は 답변 결과"
)
LABELS = tuple(
    (words(said), Marking(mark, rule, weak=weak)) for rule, mark, weak, said in _LABEL_RULES
)
VOCABULARY = _FILLERS.union(*(keys for keys, _ in LABELS))
