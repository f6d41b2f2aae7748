"""Text that is still arriving: what can be said of it before its end."""
