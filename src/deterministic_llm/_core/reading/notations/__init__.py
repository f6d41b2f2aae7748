"""Payloads in other notations than JSON: key-value lines, tables, elements, bullets."""
