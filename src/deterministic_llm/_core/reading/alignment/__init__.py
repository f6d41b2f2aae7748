"""A parsed value bent to a schema: names, numbers, dates, labels, envelopes, by named rules."""
