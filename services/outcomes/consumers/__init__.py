"""What outcomes listens to: the plans' group and the reports' group."""

from services.outcomes.consumers.plans import consumer
from services.outcomes.consumers.reports import consumer as reports_consumer

__all__ = ["consumer", "reports_consumer"]
