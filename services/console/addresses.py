"""The services there are, and the file in which a running platform says where they answer."""

from __future__ import annotations

SERVICES = ("referral", "directory", "outcomes", "notifications")

ADDRESSES = "addresses.json"
"""In the platform's folder: a JSON object of the services' names and URLs."""
