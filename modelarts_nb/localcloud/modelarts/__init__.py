"""The ModelArts service: notebooks, their storage, pools, workspaces and authorizations.

Paths, fields and codes are those of the official SDK (``huaweicloudsdkmodelarts``, v1) and the
public table of error codes. What is not public and so had to be chosen is said where it is chosen,
and in ``docs/local-cloud.md``.
"""
