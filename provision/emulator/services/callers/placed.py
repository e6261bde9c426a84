"""Resources that are in a location: Scheduler's, Tasks', Eventarc's and Workflows'."""

from provision.emulator.rpc.calls import Call
from provision.emulator.services.callers import places
from provision.emulator.services.callers.kept import Resources


class Placed(Resources):
    """The resources of one kind, under ``projects/P/locations/L``."""

    def allowed(self, call: Call, verb: str, text: str, form: str = "") -> str:
        """The canonical name of a resource that the caller may do something with.

        Args:
            call: who asks.
            verb: the last part of the permission.
            text: the name as sent.
            form: what stands before its id, where that is not the kind's collection alone.

        Raises:
            ApiError: it is no such name, or the caller may not.
        """
        name = self.canonical(text)
        places.check_name(name, form or self.kind.collection)
        self.require(call, verb, name)
        return name

    def place(
        self, call: Call, verb: str, text: str, offered: tuple[str, ...], *, reading: bool = False
    ) -> str:
        """The canonical name of a location in which the caller may do something.

        Args:
            call: who asks.
            verb: the last part of the permission.
            text: the parent as sent.
            offered: the API's locations; see `places.check_parent`.
            reading: whether nothing is going to be made there.

        Raises:
            ApiError: it is no such location, or the caller may not.
        """
        parent = self.canonical(text)
        places.check_parent(parent, offered, reading=reading)
        self.require(call, verb, parent)
        return parent
