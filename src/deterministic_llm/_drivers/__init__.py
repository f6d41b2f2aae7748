"""The loop carried out: blocking or awaiting, a few lines each and no decision."""
