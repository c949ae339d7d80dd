"""How the world outside speaks: provider bytes to our plain messages, and back.

No Flask, no database, no queue, no knowledge of reports. One module a way in; ``registry`` names them all.
"""
