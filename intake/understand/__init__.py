"""What a text means: where (``locate``), what about (``classify``), said before (``duplicates``). Pure."""
