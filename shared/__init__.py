"""Plumbing and the published language: what a fifth, unrelated service would want unchanged.

Nothing here knows a business rule, and nothing here imports from ``services``.
"""
