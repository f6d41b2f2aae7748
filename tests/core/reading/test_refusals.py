"""A refusal is recognised as one, and words about refusing are not."""

# ruff: noqa: RUF001  (Cyrillic, and marks that look like others, are looked for)
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deterministic_llm._core.reading.finding.refusals import REACH, refusal_in

REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "I’m sorry, but I can’t assist with that.",
    "I cannot assist with this request.",
    "I can't provide that.",
    "As an AI language model, I am unable to provide medical advice.",
    "I'm unable to help with that.",
    "I am not able to process this.",
    "I won't do that.",
    "I won't.",
    "Sorry, I can't.",
    "I'm sorry, I won't be able to help with that.",
    "I must respectfully decline.",
    "I have to decline this one.",
    "I refuse to answer.",
    "I apologize, but I cannot grade this essay.",
    "Unfortunately, I cannot comply with your request.",
    "I don't have access to real-time data.",
    "I do not have enough information to determine the score.",
    "I'm not comfortable sharing that.",
    "Sorry, that's not something I can do.",
    "This request violates our content policy.",
    "Es tut mir leid, aber ich kann dabei nicht helfen.",
    "Ich kann diese Anfrage leider nicht beantworten.",
    "Leider kann ich Ihnen dabei nicht weiterhelfen.",
    "Als KI kann ich das nicht.",
    "Je ne peux pas vous aider.",
    "Désolé, je ne suis pas en mesure de répondre à cela.",
    "Lo siento, no puedo ayudar con eso.",
    "Não posso ajudar com isso.",
    "Non posso aiutare con questo.",
    "抱歉，我无法提供这方面的帮助。",
    "对不起，我不能回答这个问题。",
    "申し訳ありませんが、その質問にはお答えできません。",
    "お手伝いできません。",
    "죄송합니다. 도와드릴 수 없습니다.",
    "К сожалению, я не могу помочь с этим.",
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_found(text: str) -> None:
    assert refusal_in(text) is not None


NO_REFUSALS = [
    "The customer said: \"I'm sorry, I can't help you.\"",
    "The user wrote: I'm sorry, I can't assist.",
    "The letter reads “I’m sorry, but I can’t help with that.” It is polite.",
    "> I'm sorry, I can't help with that.",
    "Feedback: I cannot help but admire it.",
    "The essay is strong. I cannot fault the structure.",
    "I can't wait to see more. Score: 9",
    "Score: 8. I can't give this more than a 9.",
    "The author writes that I cannot help but agree.",
    "The hero says he cannot help anyone.",
    "Sorry for the confusion, the answer is 42.",
    "I apologize for the delay. The total is 7.",
    "I'm unable to find any errors. Well done.",
    "I could not have written it better.",
    "The model refused to answer.",
    "He won't do that.",
    "You can't help but smile.",
    "She said I can't help with that.",
    "My answer is no.",
    "This is not something you should do.",
    "Students who can't provide sources lose points.",
    "Die Kundin schrieb: Ich kann Ihnen nicht helfen.",
    "Le client a écrit : « Je ne peux pas vous aider. »",
    "用户说：我无法提供帮助",
    "顧客は「お手伝いできません」と言った。",
    "yes",
    "",
]


@pytest.mark.parametrize("text", NO_REFUSALS)
def test_words_about_refusing_are_no_refusal(text: str) -> None:
    assert refusal_in(text) is None


def test_the_refusing_sentence_is_given_back() -> None:
    text = "Thank you. I'm sorry, but I can't help with that. Ask a doctor."
    assert refusal_in(text) == "I'm sorry, but I can't help with that."


def test_a_long_text_is_looked_at_in_its_beginning_only() -> None:
    assert refusal_in("x " * REACH + "I can't help with that.") is None


@given(st.text(max_size=100), st.sampled_from(REFUSALS[:6]))
def test_any_text_is_looked_at_without_an_error(text: str, refusal: str) -> None:
    for each in (text, f"{text}\n\n{refusal}", f'{text}\n\n"{refusal}"'):
        found = refusal_in(each)
        assert found is None or found in each
