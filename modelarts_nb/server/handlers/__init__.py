"""One file a noun; a handler parses, asks the worker, answers."""
