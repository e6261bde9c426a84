"""Which annotations of Cloud Run's own stand on which kinds of v1.

On another kind they mean nothing, and a service that is to be closed by one would stay open: they
are refused (reported for ``run.googleapis.com/secrets``). The table is that of ``ObjectMeta`` in
the discovery document of v1; what it does not name is not judged here.
"""

from collections.abc import Mapping

from provision.emulator.services.run.knative.words import violation

SERVICE, REVISION, JOB, EXECUTION = "Service", "Revision", "Job", "Execution"
_RUN = "run.googleapis.com"
_SERVICE_ALONE = (
    *("build-base-image", "build-enable-automatic-updates", "build-environment-variables"),
    *("build-image-uri", "build-name", "build-service-account", "build-worker-pool"),
    *("custom-audiences", "default-url-disabled", "description", "gc-traffic-tags"),
    *("manualInstanceCount", "maxScale", "minScale", "scalingMode"),
)
_REVISION_ALONE = (
    *("cpu-throttling", "encryption-key-shutdown-hours", "gpu-zonal-redundancy-disabled"),
    *("health-check-disabled", "post-key-revocation-action-type", "secure-session-agent"),
    *("sessionAffinity", "startup-cpu-boost"),
)
_KINDS: Mapping[str, tuple[str, ...]] = {
    "autoscaling.knative.dev/maxScale": (REVISION,),
    "autoscaling.knative.dev/minScale": (REVISION,),
    **{f"{_RUN}/{name}": (SERVICE,) for name in _SERVICE_ALONE},
    **{f"{_RUN}/{name}": (REVISION,) for name in _REVISION_ALONE},
    f"{_RUN}/base-images": (SERVICE, REVISION),
    f"{_RUN}/binary-authorization": (SERVICE, JOB, EXECUTION),
    f"{_RUN}/binary-authorization-breakglass": (SERVICE, JOB),
    f"{_RUN}/build-function-target": (SERVICE, REVISION),
    f"{_RUN}/build-id": (SERVICE, REVISION),
    f"{_RUN}/build-source-location": (SERVICE, REVISION),
    f"{_RUN}/cloudsql-instances": (REVISION, EXECUTION, "Instance"),
    f"{_RUN}/container-dependencies": (REVISION, "Instance"),
    f"{_RUN}/encryption-key": (REVISION, EXECUTION, "Instance"),
    f"{_RUN}/execution-environment": (REVISION, EXECUTION),
    f"{_RUN}/ingress": (SERVICE, "Instance"),
    f"{_RUN}/invoker-iam-disabled": (SERVICE, "Instance"),
    f"{_RUN}/launch-stage": (SERVICE, JOB),
    f"{_RUN}/network-interfaces": (REVISION, EXECUTION, "Instance"),
    f"{_RUN}/secrets": (REVISION, EXECUTION),
    f"{_RUN}/vpc-access-connector": (REVISION, EXECUTION),
    f"{_RUN}/vpc-access-egress": (REVISION, EXECUTION, "Instance"),
}


def check_kinds(metadata: Mapping[str, Mapping[str, str]], kind: str, path: str) -> None:
    """Raise `ApiError` when an annotation stands on a kind that does not have it.

    Args:
        metadata: of the body, or of the template in it.
        kind: what the metadata becomes that of.
        path: where it stands, as ``spec.template.metadata``.
    """
    for key in metadata.get("annotations", {}):
        kinds = _KINDS.get(key, (kind,))
        if kind not in kinds:
            raise violation(
                f"{path}.annotations",
                f"Annotation '{key}' is not supported on resources of kind '{kind}'. Supported "
                f"kinds are: {', '.join(kinds)}",
            )
