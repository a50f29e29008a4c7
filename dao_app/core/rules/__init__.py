"""One module per domain. A rule checks its guards in a fixed order and changes the layer last.

Invariant of all: a rule either returns a ``Rejection`` and has changed nothing, or returns None and
has made its one change. What a rule may look at: the layer, the action, its author, the context.
"""
