"""Doctor: what a service depends on, examined from inside, with what to do about it."""

from shared.doctor.doctor import Doctor
from shared.doctor.finding import Finding, Level

__all__ = ["Doctor", "Finding", "Level"]
