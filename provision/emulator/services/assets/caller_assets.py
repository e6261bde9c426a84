"""What calls services on its own: topics, subscriptions, triggers, schedules, queues, workflows."""

from collections.abc import Iterator

from provision.emulator.services.assets.asset import Asset
from provision.emulator.services.assets.hierarchy_assets import as_json, policy_of
from provision.emulator.times import to_micros
from provision.emulator.world import World

_TABLES = {
    "pubsub-topics": "pubsub.googleapis.com/Topic",
    "pubsub-subscriptions": "pubsub.googleapis.com/Subscription",
    "eventarc-triggers": "eventarc.googleapis.com/Trigger",
    "cloudscheduler-jobs": "cloudscheduler.googleapis.com/Job",
    "cloudtasks-queues": "cloudtasks.googleapis.com/Queue",
    "workflows-workflows": "workflows.googleapis.com/Workflow",
}
_REGIONAL = 6  # parts of a name with a location


def callers(world: World) -> Iterator[Asset]:
    """Each of them, with its policy where it has one; a secret in it stays where it is."""
    for table, asset_type in _TABLES.items():
        found = world.store.find(table)
        for message in found.values() if found is not None else ():
            parts = message.name.split("/")
            fields = {one.name for one in message.DESCRIPTOR.fields}
            made, changed = (
                to_micros(getattr(message, name)) if name in fields else 0
                for name in ("create_time", "update_time")
            )
            yield Asset(
                asset_type,
                message.name,
                policy_of(world, message.name),
                parent="/".join(parts[:2]),
                location=parts[3] if len(parts) == _REGIONAL else "global",
                display_name=parts[-1],
                labels=dict(message.labels) if "labels" in fields else {},
                created=made,
                updated=changed,
                data=lambda message=message: as_json(message),  # type: ignore[misc] # bound now
            )
