"""What may stand under `run`."""

import pytest

from provision.spec import Kind
from provision.spec.run_fields import run_problems


def test_fields_without_a_word_in_the_spec_are_free() -> None:
    """Anything else of a Cloud Run service is merged in as it stands."""
    run: dict[str, object] = {
        "description": "Orders",
        "annotations": {"example.com/owner_team": "shop"},
        "scaling": {"minInstanceCount": 1},
        "template": {
            "vpcAccess": {"egress": "ALL_TRAFFIC"},
            "sessionAffinity": True,
            "containers": [
                {"name": "app", "resources": {"limits": {"nvidia.com/gpu": "1"}, "cpuIdle": True}},
                {"image": "gcr.io/acme/proxy@sha256:" + "0" * 64},
            ],
        },
    }
    assert list(run_problems(run, Kind.SERVICE)) == []


@pytest.mark.parametrize(
    ("run", "path", "advice"),
    [
        ({"ingress": "x"}, ("ingress",), "use `ingress`"),
        ({"invokerIamDisabled": False}, ("invokerIamDisabled",), "asserted false"),
        ({"traffic": []}, ("traffic",), "to the latest revision"),
        ({"iapEnabled": True}, ("iapEnabled",), "use `iap`"),
        ({"defaultUriDisabled": True}, ("defaultUriDisabled",), "use `default_url`"),
        ({"customAudiences": []}, ("customAudiences",), "use `custom_audiences`"),
        ({"etag": "x"}, ("etag",), "written by Cloud Run"),
        ({"invoker_iam_disabled": True}, ("invoker_iam_disabled",), "write invokerIamDisabled"),
        (
            {"annotations": {"run.googleapis.com/invoker-iam-disabled": "true"}},
            ("annotations", "run.googleapis.com/invoker-iam-disabled"),
            "belongs to the spec",
        ),
        (
            {"template": {"serviceAccount": "x"}},
            ("template", "serviceAccount"),
            "use `service_account`",
        ),
        (
            {"template": {"containers": [{"image": "x"}]}},
            ("template", "containers", 0, "image"),
            "use `image`",
        ),
        (
            {"template": {"containers": [{}, {"image": "gcr.io/acme/proxy:v1"}]}},
            ("template", "containers", 1, "image"),
            "by digest",
        ),
        ({"template": []}, ("template",), "must be a mapping"),
        ({"template": {"containers": {}}}, ("template", "containers"), "must be a list"),
        ({"template": {"containers": ["x"]}}, ("template", "containers", 0), "must be a mapping"),
    ],
)
def test_what_the_spec_owns_is_refused_with_its_word(
    run: dict[str, object], path: tuple[str | int, ...], advice: str
) -> None:
    """One thing has one place, and privacy cannot be undone through the side door."""
    ((found, message),) = run_problems(run, Kind.SERVICE)
    assert found == path
    assert advice in message
