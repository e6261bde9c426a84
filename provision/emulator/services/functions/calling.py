"""CallFunction: a request to a function on behalf of whoever tests it, past its front door."""

import aiohttp

from provision.emulator.rpc.status import ApiError
from provision.emulator.services.functions.records import FunctionRecord
from provision.emulator.services.functions.serving import FunctionServing

_BAD = 400


class Caller:
    """Calls functions.

    Args:
        serving: knows where they run.
    """

    def __init__(self, serving: FunctionServing) -> None:
        self._serving = serving

    async def call(self, record: FunctionRecord, data: str) -> tuple[str, str]:
        """The answer's text and nothing, or nothing and the text of an error.

        Args:
            record: the function.
            data: what it is sent, JSON.

        Raises:
            ApiError: FAILED_PRECONDITION, it does not answer.
        """
        if not record.serving:
            raise ApiError("FAILED_PRECONDITION", "The function is not deployed.")
        runtime = self._serving.runtime
        address = await runtime.address(record.key, str(record.serving))
        if address is None and runtime.gateway is None:
            return "This is a placeholder: the emulator has no Docker engine.", ""
        if address is None:
            return "", "The function does not run."
        timeout = aiohttp.ClientTimeout(total=float(record.message.timeout.seconds))
        headers = {"Content-Type": "application/json"}
        url = "http://{}:{}/".format(*address)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(url, data=data.encode(), headers=headers) as answer,
            ):
                text = await answer.text(errors="replace")
                return ("", text) if answer.status >= _BAD else (text, "")
        except (aiohttp.ClientError, OSError):
            return "", "The function did not answer."
        except TimeoutError:
            return "", "The function took longer than its timeout."
