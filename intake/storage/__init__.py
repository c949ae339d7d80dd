"""The tables and everything that reads or writes them. PostgreSQL only; plain rows, no object mapping.

Functions take a connection whose transaction belongs to the caller, and never commit.
"""
