"""What a shop may say in YAML: one word a file, each ending in limits."""
