"""A small typed face over the official SDK: credentials, endpoints, retries, errors.

Nothing of ``huaweicloudsdk*`` is imported before the first call. Every known trap of the SDK is
handled here and nowhere else (``transport.py``); domains call ``Cloud.call`` and read JSON.
"""
