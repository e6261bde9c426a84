"""Bodies that cannot be read: told as Google tells a bad request, whatever was asked."""

from aiohttp import web
from aiohttp.typedefs import Handler

from provision.emulator.rpc.rest import error_response
from provision.emulator.rpc.status import invalid


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses a body that is not encoded as its headers say, or is larger than all may be."""
    try:
        return await handler(request)
    except web.RequestPayloadError:
        response = error_response(invalid("The request's body is not encoded as its headers say."))
    except RecursionError:
        text = "Invalid JSON payload received. Message too deep. Max recursion depth reached."
        response = error_response(invalid(text))
    except web.HTTPRequestEntityTooLarge:
        limit = request.client_max_size
        response = error_response(
            invalid(f"Request payload size exceeds the limit: {limit} bytes.")
        )
    response.force_close()
    return response
