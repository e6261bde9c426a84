"""A local Google Cloud, reached over the wire only.

A program of its own: nothing outside this package imports it, and it imports nothing of the rest.
Each behaviour it shows cites its public source in ``docs/emulator.md``.
"""
