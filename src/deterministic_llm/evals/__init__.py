"""How repeatable a scorer is: the same questions asked again and again, and figures of that."""
