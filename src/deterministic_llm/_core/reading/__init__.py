"""Text to payload: everything that reads an answer, pure and linear."""
