"""How sure an answer is: tokens, votes and distributions go in, figures come out."""
