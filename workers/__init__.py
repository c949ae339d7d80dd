"""Carries work: the relay wakes workers, the outbox says what is due, the jobs do it."""
