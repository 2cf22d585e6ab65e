"""Decision to words, tables and JSON."""
