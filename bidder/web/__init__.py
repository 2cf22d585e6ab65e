"""The page and the HTTP endpoints."""
