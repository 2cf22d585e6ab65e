"""What people write, read with file:line:column for every value."""
