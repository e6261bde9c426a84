"""Which roles carry ``run.routes.invoke``. Pure."""

import json
from functools import cache
from importlib.resources import files

INVOKE = "run.routes.invoke"


@cache
def predefined() -> frozenset[str]:
    """Predefined roles that hold ``run.routes.invoke``, as of the date in the file.

    Source: public listings of ``iam roles describe``, which agree on this permission.
    """
    text = (files("provision") / "data" / "invoke_roles.json").read_text(encoding="utf-8")
    return frozenset(json.loads(text)["roles"])
