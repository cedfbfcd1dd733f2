"""What outcomes listens to: the plans' group and the reports' group."""

from services.outcomes.consumers.plans import consumer

__all__ = ["consumer"]
