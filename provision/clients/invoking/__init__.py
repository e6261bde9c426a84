"""Calling a private service from Python: what `provision.invoke` offers to import.

Nothing here imports one of the others' libraries: `session` needs requests, `httpx_auth` needs
httpx, and Google's are loaded when the first token is minted.
"""
