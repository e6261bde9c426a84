"""The Common Expression Language, as far as conditions of IAM use it.

Written after the language definition (https://github.com/google/cel-spec); which functions and
attributes there are is told by whoever evaluates (`provision.emulator.iam.conditions`).
"""
