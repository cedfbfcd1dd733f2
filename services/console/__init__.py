"""The `linkway` command.

Owns: nothing. Consumes: nothing. Publishes: nothing. It calls the public APIs of the
other services, with a bearer token, as anyone else would.
"""
