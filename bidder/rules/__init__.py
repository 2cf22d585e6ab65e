"""The rule language: one word a file, conditions, and their evaluation into limits."""
