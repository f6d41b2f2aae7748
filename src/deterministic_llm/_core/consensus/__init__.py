"""What several answers agree on, and how well: votes go in, one value and its shares come out."""
