"""`linkway demo`: whole journeys of synthetic people, played over the public APIs and counted.

``command`` is the command line and ``run`` the course of it all. ``survey``, ``loading`` and
``world`` are the directory it plays in; ``people`` and ``paths`` say who is referred and what
becomes of them; ``journey`` plays one person's way through ``api``, and ``receivers`` are who
is told. ``topics``, ``stores`` and ``figures`` count what happened, ``settling`` waits until
nothing is under way, ``verdict`` compares, and ``report`` and ``screen`` show it.
"""
