"""What a caller sees of a run that is under way: changes and attempts go in, events come out."""
