"""Recordings of single answers."""


def single_answers() -> dict[str, object]:
    """Nothing yet."""
    return {}
