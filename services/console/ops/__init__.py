"""`linkway ops`: what operations staff ask the four services, and have them do."""
