"""The names of resources and images."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provision.errors import ExitCode
from provision.resources import (
    GCR_LOCATIONS,
    ImageReference,
    InvalidNameError,
    ProjectName,
    RepositoryName,
    ServiceAccountName,
    ServiceName,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4
PROJECTS = st.from_regex(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", fullmatch=True)
SERVICES = st.from_regex(r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?", fullmatch=True)
REGIONS = st.sampled_from(["asia-east1", "us-central1", "northamerica-northeast2"])


@settings(deadline=None)
@given(PROJECTS, REGIONS, SERVICES)
def test_service_names_are_read_back_as_written(project: str, region: str, service: str) -> None:
    """A service's full name says the same thing after a round trip."""
    name = ServiceName(project, region, service)
    assert ServiceName.parse(str(name)) == name
    assert ProjectName.parse(f"projects/{project}").project == project


@pytest.mark.parametrize(
    "name",
    [
        "",
        "orders",
        "projects/acme-prod/services/orders",
        "projects/acme-prod/locations/asia-east1/services/",
        "projects/acme-prod/locations/asia-east1/services/orders/revisions/one",
        "projects/acme-prod/locations/asia-east1-b/services/orders",
        "projects/Acme/locations/asia-east1/services/orders",
        "projects/acme-prod/locations/asia-east1/services/Orders",
        "projects/acme-prod/locations/asia-east1/services/orders-",
        "projects/acme-prod/locations/asia-east1/services/" + "a" * 50,
    ],
)
def test_impossible_service_names_are_refused(name: str) -> None:
    """What Cloud Run could not hold raises a usage error that says what is allowed."""
    with pytest.raises(InvalidNameError, match="allowed: ") as caught:
        ServiceName.parse(name)
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_service_name_may_have_49_characters() -> None:
    """The longest name that Cloud Run takes is taken."""
    longest = "a" * 49
    assert ServiceName.parse(f"projects/1234/locations/asia-east1/services/{longest}").service == (
        longest
    )


@pytest.mark.parametrize(("host", "location"), GCR_LOCATIONS.items())
def test_gcr_repositories_bring_their_own_location(host: str, location: str) -> None:
    """A gcr.io host is a repository of that name, in the location Google moved it to."""
    repository = RepositoryName.of(host, project="acme-prod", location="asia-east1")
    assert repository.location == location
    assert repository.image_base == f"{host}/acme-prod"
    assert RepositoryName.parse(repository.name) == repository


def test_images_of_a_repository_go_by_its_location() -> None:
    """Artifact Registry's own hosts carry location, project and repository."""
    repository = RepositoryName.of("services", project="acme-prod", location="asia-east1")
    assert repository.image_base == "asia-east1-docker.pkg.dev/acme-prod/services"


def test_domain_scoped_projects_are_spelled_as_each_service_wants() -> None:
    """The colon becomes a slash in image names, and turns around in e-mails."""
    repository = RepositoryName.of("services", project="example.com:orders", location="us")
    account = ServiceAccountName.of("orders-run", project="example.com:orders")
    assert repository.image_base == "us-docker.pkg.dev/example.com/orders/services"
    assert account.email == "orders-run@orders.example.com.iam.gserviceaccount.com"
    assert ServiceAccountName.of(account.email, project="acme-prod") == account


def test_an_account_of_another_project_keeps_that_project() -> None:
    """A full e-mail says which project the account lives in."""
    account = ServiceAccountName.of(
        "caller@other-project.iam.gserviceaccount.com", project="acme-prod"
    )
    assert account.name == (
        "projects/other-project/serviceAccounts/caller@other-project.iam.gserviceaccount.com"
    )
    assert account.is_user_managed
    assert ServiceAccountName.parse(account.name) == account
    assert ServiceAccountName.parse(f"projects/-/serviceAccounts/{account.email}") == account


def test_the_default_compute_account_is_recognised() -> None:
    """It is used only when named in full, so it must be told from the others."""
    account = ServiceAccountName.of(
        "123456789012-compute@developer.gserviceaccount.com", project="acme-prod"
    )
    assert account.is_default_compute
    assert not account.is_user_managed
    assert not ServiceAccountName.of("orders-run", project="acme-prod").is_default_compute


@pytest.mark.parametrize("account", ["run", "a" * 31, "Orders-run", "ann@example.com", "a@b@c"])
def test_impossible_accounts_are_refused(account: str) -> None:
    """An id of the wrong length or an e-mail of a person is no service account."""
    with pytest.raises(InvalidNameError, match="is not a service account"):
        ServiceAccountName.of(account, project="acme-prod")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("nginx", "docker.io/library/nginx"),
        ("index.docker.io/bitnami/redis:7", "docker.io/bitnami/redis:7"),
        ("localhost:5000/a/b", "localhost:5000/a/b"),
        ("127.0.0.1:5000/a:tag", "127.0.0.1:5000/a:tag"),
        ("[::1]:5000/a", "[::1]:5000/a"),
        (f"gcr.io/acme-prod/a:one@{DIGEST}", f"gcr.io/acme-prod/a:one@{DIGEST}"),
        ("acme/a__b", "docker.io/acme/a__b"),
    ],
)
def test_images_are_read_as_docker_reads_them(text: str, written: str) -> None:
    """The host is the first part only when it looks like one; Docker Hub is written out."""
    image = ImageReference.parse(text)
    assert str(image) == written
    assert ImageReference.parse(written) == image


@pytest.mark.parametrize(
    "text",
    ["", ":tag", "a:", "a@", "a@sha256:12", "gcr.io/A/b", "gcr.io/a//b", "a b", "gcr.io/", "a:b:c"],
)
def test_impossible_images_are_refused(text: str) -> None:
    """What the engine would not take is told before anything is sent to it."""
    with pytest.raises(InvalidNameError, match="is not an image"):
        ImageReference.parse(text)


def test_a_tag_gives_way_to_a_digest() -> None:
    """Deploying by digest leaves no tag behind to disagree with it."""
    image = ImageReference.parse("gcr.io/acme-prod/a:one")
    assert str(image.with_digest(DIGEST)) == f"gcr.io/acme-prod/a@{DIGEST}"
    assert str(image.with_digest(DIGEST).with_tag("two")) == "gcr.io/acme-prod/a:two"


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_an_image_or_an_error(text: str) -> None:
    """No input makes the parser fail in another way, and what it takes it reads back."""
    try:
        image = ImageReference.parse(text)
    except InvalidNameError:
        return
    assert ImageReference.parse(str(image)) == image
