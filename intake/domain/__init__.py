"""What we understood: the plain values and rules of a report's life. No I/O, no framework."""
