"""Answers and errors of the providers' SDKs, read by shape; no SDK is imported for it."""
