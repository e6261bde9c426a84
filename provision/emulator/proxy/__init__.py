"""The emulator in the place of Google's hosts: a loopback proxy that ends TLS for them alone.

With it, programs reach the emulator at Google's own addresses with nothing changed but where their
environment says that proxy and certificates are.
"""
