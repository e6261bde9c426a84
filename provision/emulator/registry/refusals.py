"""What the registry says no with: the error document of the OCI distribution specification."""

from collections.abc import Mapping

from aiohttp import web


class Refusal(Exception):  # noqa: N818 - it is an answer to the client, not an error of the program
    """A request that is refused.

    Args:
        status: HTTP status.
        code: error code of the distribution specification, as in ``NAME_UNKNOWN``.
        message: what clients print after the code.
        headers: further response headers.
    """

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def response(self) -> web.Response:
        """The refusal on the wire."""
        body = {"errors": [{"code": self.code, "message": self.message}]}
        return web.json_response(body, status=self.status, headers=self.headers)
