"""The directory over HTTP: services and their places, organisations, districts, needs."""

from services.directory.api import registers, services

routers = (services.router, registers.router)

__all__ = ["routers"]
