"""The saved state: what was seen, decided, written (SQLite or PostgreSQL by SQLAlchemy Core)."""
