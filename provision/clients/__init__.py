"""The rooms that talk to the world: Google's services, registries, the Docker engine, plain HTTP.

Only here are google.*, grpc, docker and requests imported, and only here are messages of theirs
turned into words of ours.
"""
