"""The same backlog for everybody: what one job does, and how each of the queues is told to do it."""
