"""Targets as JSON Schema: what is wanted, in words, in prompts, in grammars."""
