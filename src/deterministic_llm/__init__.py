"""Typed values from language models."""
