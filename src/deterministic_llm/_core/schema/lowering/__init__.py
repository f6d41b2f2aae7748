"""Fitting a schema to what a backend takes, and raising the answer back: nothing is lost unsaid."""
