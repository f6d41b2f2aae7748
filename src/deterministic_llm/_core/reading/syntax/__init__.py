"""JSON as models write it: from text to a document, strictly and leniently, by named rules."""
