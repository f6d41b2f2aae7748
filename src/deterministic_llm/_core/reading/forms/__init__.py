"""Text against templates, patterns and choices: drift is read, another meaning is not."""
