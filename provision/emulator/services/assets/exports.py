"""Exports of assets, to neither Cloud Storage nor BigQuery, which are not here.

What would stand in the object or the table can be had from the emulator itself, in lines of JSON.
"""

import json
import re
from typing import TYPE_CHECKING, Any

from google.cloud import asset_v1
from google.protobuf import json_format

from provision.emulator.rpc.calls import Call, Handler
from provision.emulator.rpc.status import ApiError, invalid
from provision.emulator.services.assets.listing import CONTENTS, Listing
from provision.emulator.services.assets.search import SERVICE
from provision.emulator.services.operations import Operations
from provision.emulator.times import timestamp
from provision.emulator.world import World

if TYPE_CHECKING:
    from provision.emulator.store import Table

_OBJECT = re.compile(r"gs://[^/]+/.+")
_DATASET = re.compile(r"projects/[^/]+/datasets/\w+")


class Exports:
    """``ExportAssets``.

    Args:
        world: keeps what was exported.
        listing: tells which assets, and in which form.
        operations: where work in progress is told.
    """

    def __init__(self, world: World, listing: Listing, operations: Operations) -> None:
        self._world = world
        self._listing = listing
        self._operations = operations
        self._kept: Table[list[str]] = world.store.table("asset-exports")
        operations.guard("google.cloud.asset.", self._check_operation)

    def handlers(self) -> dict[str, Handler]:
        """The RPCs by name."""
        return {f"{SERVICE}/ExportAssets": self._export}

    def lines(self, place: str) -> list[str] | None:
        """What was exported to ``gs://…`` or ``projects/P/datasets/D/tables/T``, if anything."""
        return self._kept.get(place)

    def _check_operation(self, call: Call, name: str) -> None:
        """Whoever may export there may see how it goes."""
        node = self._world.hierarchy.node(name)
        held = ("exportResource", "exportIamPolicy")
        may = self._world.access.allowed
        if not any(may(call.principal, f"cloudasset.assets.{one}", node) for one in held):
            raise ApiError("PERMISSION_DENIED", "The caller does not have permission")

    async def _export(self, call: Call) -> Any:  # noqa: ANN401 - Operation
        request = call.request
        found = self._listing.asked(call, "export")
        place = self._place(request)
        messages = [self._listing.message(one, request.content_type) for one in found]
        in_table = request.output_config.HasField("bigquery_destination")
        self._kept.put(place, [_line(one, in_table=in_table) for one in messages])
        done = asset_v1.ExportAssetsResponse.pb()(
            read_time=timestamp(), output_config=request.output_config
        )
        if not in_table:
            done.output_result.gcs_result.uris.append(place)
        parent = self._world.hierarchy.canonical(request.parent)
        kind = CONTENTS.get(request.content_type, "Unspecified").upper()
        metadata = asset_v1.ExportAssetsRequest.pb()()
        metadata.CopyFrom(request)
        name = f"{parent}/operations/ExportAssets/{kind}/{timestamp().ToNanoseconds():x}"
        return self._operations.told_later("", metadata, done, name=name)

    def _place(self, request: Any) -> str:  # noqa: ANN401 - ExportAssetsRequest
        """Where it goes. Raises `ApiError`."""
        output = request.output_config
        if output.HasField("bigquery_destination"):
            wanted = output.bigquery_destination
            if not _DATASET.fullmatch(wanted.dataset) or not wanted.table:
                raise invalid("Invalid BigQuery destination.", ("output_config", wanted.dataset))
            if wanted.separate_tables_per_asset_type:
                raise ApiError("UNIMPLEMENTED", "A table per asset type is not offered here.")
            place = f"{wanted.dataset}/tables/{wanted.table}"
            if place in self._kept and not wanted.force:
                raise invalid(f"Table {place} exists; set force to overwrite it.")
            return place
        uri = str(output.gcs_destination.uri)
        if not _OBJECT.fullmatch(uri):
            raise invalid("An output_config with a gs:// URI is required.", ("output_config", uri))
        return uri


def _line(asset: Any, *, in_table: bool) -> str:  # noqa: ANN401 - Asset
    """One asset: an object's lines are in JSON names, a table's columns in snake case (documented).

    In a table the content of a resource is text.
    """
    row = json_format.MessageToDict(asset, preserving_proto_field_name=in_table)
    if in_table and "data" in row.get("resource", {}):
        row["resource"]["data"] = json.dumps(row["resource"]["data"])
    return json.dumps(row)
