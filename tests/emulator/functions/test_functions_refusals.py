"""What of functions is refused, and builds that fail: by name, at once or by the operation."""

import io
import stat
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.cloud import functions_v2

from tests.conftest import Clients, RunningEmulator
from tests.emulator.functions.workbench import (
    HELLO,
    LOCATION,
    MAIN,
    OLD,
    RANGED,
    ZIP,
    archive,
    create,
    create_first,
    deploy,
    first_function,
    function,
    status,
    update,
    v1,
    v2,
)

WORDS = {
    "no main.py": ({"other.py": MAIN}, "missing main.py and GOOGLE_FUNCTION_SOURCE not specified"),
    "syntax": ({"main.py": "def hello(request:\n"}, "SyntaxError"),
    "syntax elsewhere": ({"main.py": MAIN, "a/b.py": "a b"}, "Error compiling './a/b.py'"),
    "nulls": ({"main.py": "\0"}, "Error compiling './main.py'"),
}


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("event_trigger", {"event_type": "google.cloud.pubsub.topic.v1.messagePublished"}, "event"),
        ("kms_key_name", "projects/p/locations/l/keyRings/r/cryptoKeys/k", "kms_key_name"),
        ("build_config.runtime", "nodejs20", "runtime nodejs20"),
        ("build_config.worker_pool", "projects/p/locations/l/workerPools/w", "worker_pool"),
        ("build_config.environment_variables", {"A": "b"}, "build_config.environment_variables"),
        ("build_config.docker_repository", "projects/p/locations/l/repositories/r", "docker_repo"),
        ("build_config.source", {"repo_source": {"repo_name": "r"}}, "source.repo_source"),
        ("build_config.source", {"git_uri": "https://example.com/r.git"}, "git_uri"),
        ("service_config.vpc_connector", "c", "service_config.vpc_connector"),
        ("service_config.secret_volumes", [{"mount_path": "/s"}], "secret_volumes"),
        ("service_config.secret_environment_variables", [{"key": "K"}], "secret_environment"),
        ("service_config.binary_authorization_policy", "p", "binary_authorization_policy"),
        ("environment", "GEN_1", "GEN_1"),
    ],
)
def test_what_the_second_generation_does_not_offer_is_named(
    clients: Clients, path: str, value: object, named: str
) -> None:
    """UNIMPLEMENTED, nothing is made."""
    sent = function(clients)
    _put(sent, path, value)
    with pytest.raises(exceptions.MethodNotImplemented, match=named):
        create(clients, sent)
    assert list(v2(clients).list_functions(parent=LOCATION)) == []


def _put(sent: dict[str, Any], path: str, value: object) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        sent = sent[parent]
    sent[last] = value


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("runtime", "go122", "runtime go122"),
        ("network", "default", "network"),
        ("vpc_connector", "c", "vpc_connector"),
        ("build_environment_variables", {"A": "b"}, "build_environment_variables"),
        ("secret_volumes", [{"mount_path": "/s"}], "secret_volumes"),
        ("build_worker_pool", "w", "build_worker_pool"),
        ("docker_registry", "CONTAINER_REGISTRY", "CONTAINER_REGISTRY"),
    ],
)
def test_what_the_first_generation_does_not_offer_is_named(
    clients: Clients, field: str, value: object, named: str
) -> None:
    """UNIMPLEMENTED, nothing is made."""
    sent = {**first_function(clients), field: value}
    with pytest.raises(exceptions.MethodNotImplemented, match=named):
        create_first(clients, sent)
    assert list(v1(clients).list_functions({"parent": LOCATION})) == []


def test_events_and_foreign_sources_of_the_first_generation_are_named(clients: Clients) -> None:
    """They stand in the place of the HTTP trigger and of the upload."""
    sent = first_function(clients)
    event = {"event_type": "google.pubsub.topic.publish", "resource": "r"}
    for field, kept, value in (
        ("event_trigger", "https_trigger", event),
        ("source_repository", "source_upload_url", {"url": "https://example.com/r"}),
    ):
        other = {**{key: one for key, one in sent.items() if key != kept}, field: value}
        with pytest.raises(exceptions.MethodNotImplemented, match=field):
            create_first(clients, other)
    stored = {key: one for key, one in sent.items() if key != "source_upload_url"}
    stored["source_archive_url"] = "gs://mine/function.zip"
    with pytest.raises(exceptions.MethodNotImplemented, match="Cloud Storage is not offered"):
        create_first(clients, stored)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("build_config.entry_point", "a b", "is no name of a function"),
        ("build_config.runtime", "", "no runtime"),
        ("service_config.timeout_seconds", 3601, "between 1 and 3600"),
        ("service_config.available_memory", "lots", "is no quantity"),
        ("service_config.environment_variables", {"PORT": "1"}, "reserved env names .* PORT"),
        ("service_config.environment_variables", {"A B": "1"}, "no name of an environment var"),
        ("service_config.min_instance_count", 101, "minimum of instances"),
        ("labels", {"Big": "x"}, "label 'Big: x'"),
        ("build_config.source", {}, "has no source"),
    ],
)
def test_what_cannot_be_is_refused(clients: Clients, path: str, value: object, said: str) -> None:
    """INVALID_ARGUMENT, nothing is made."""
    sent = function(clients)
    _put(sent, path, value)
    with pytest.raises(exceptions.BadRequest, match=said):
        create(clients, sent)
    assert list(v2(clients).list_functions(parent=LOCATION)) == []


@pytest.mark.parametrize("name", ["Hello", "hello_there", "1st", "a-", "x" * 64, ""])
def test_names_of_the_second_generation_are_those_of_services(clients: Clients, name: str) -> None:
    """Lower-case letters, digits and hyphens."""
    with pytest.raises(exceptions.BadRequest, match="Invalid function name"):
        create(clients, function(clients), name)


def test_places_and_names_that_are_none_are_refused(clients: Clients) -> None:
    """A region that is none, a name of something else, a filter that is none."""
    with pytest.raises(exceptions.Forbidden, match="Permission denied on 'locations/nowhere'"):
        v2(clients).list_functions(parent="projects/demo-project/locations/nowhere")
    with pytest.raises(exceptions.BadRequest, match="Invalid filter"):
        v2(clients).list_functions({"parent": LOCATION, "filter": "state ~ x"})
    with pytest.raises(exceptions.NotFound):
        v2(clients).get_iam_policy(request={"resource": HELLO})


@pytest.mark.parametrize("problem", sorted(WORDS))
def test_a_source_that_cannot_be_built_fails_the_operation(clients: Clients, problem: str) -> None:
    """In either generation, with what is wrong; the function is there and has failed."""
    files, said = WORDS[problem]
    going = create(clients, function(clients, files))
    with pytest.raises(exceptions.BadRequest, match="Build failed with status: FAILURE") as second:
        going.result(timeout=60)
    sent = first_function(clients, files)
    older = create_first(clients, sent)
    with pytest.raises(exceptions.BadRequest, match="Build failed: ") as first:
        older.result(timeout=60)
    assert said in str(first.value)
    assert said in str(second.value)
    failed = v2(clients).get_function(name=HELLO)
    assert failed.state == functions_v2.Function.State.FAILED
    assert said in failed.state_messages[0].message
    assert v2(clients).get_function(name=OLD).state == functions_v2.Function.State.FAILED


def test_a_source_without_the_function_fails_the_operation(clients: Clients) -> None:
    """As its container would; here there is no engine, and the source is looked at."""
    sent = function(clients, {"main.py": "def other(request):\n    return 'x'\n"})
    going = create(clients, sent)
    text = "File main.py is expected to contain a function named 'hello'. Found: 'other' instead"
    with pytest.raises(exceptions.BadRequest, match=text):
        going.result(timeout=60)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("no-such-package==1.0", "of 'no-such-package==1.0' it is not there"),
        ("flask==0.1", "of 'flask==0.1' .* is there"),
        ("git+https://example.com/r.git", "cannot do what 'git"),
        ("-r other.txt", "cannot do what '-r other.txt'"),
        ("flask @ https://example.com/flask.whl", "cannot do what 'flask @"),
    ],
)
def test_requirements_that_are_not_there_are_refused_in_words(
    grpc_clients: Clients, line: str, said: str
) -> None:
    """Nothing is installed here; what there is beside the emulator is copied."""
    files = {"main.py": MAIN, "requirements.txt": f"# comment\nflask  # fine\n{line}\n"}
    sent = function(grpc_clients, files)
    going = create(grpc_clients, sent)
    with pytest.raises(exceptions.BadRequest, match=said):
        going.result(timeout=60)


def _link() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        entry = zipfile.ZipInfo("main.py")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(entry, "/etc/passwd")
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no zip", "cannot be read"),
        (b"", "cannot be read"),
        (archive({"../main.py": MAIN}), "leads elsewhere"),
        (archive({"/main.py": MAIN}), "leads elsewhere"),
        (_link(), "leads elsewhere"),
    ],
    ids=["no zip", "empty", "above", "absolute", "link"],
)
def test_archives_that_are_none_fail_the_operation(
    grpc_clients: Clients, content: bytes, said: str
) -> None:
    """Whatever was uploaded is looked at before anything is built of it."""
    made = v2(grpc_clients).generate_upload_url({"parent": LOCATION})
    assert requests.put(made.upload_url, data=content, headers=ZIP, timeout=30).ok
    sent = function(grpc_clients)
    sent["build_config"]["source"]["storage_source"] = made.storage_source
    going = create(grpc_clients, sent)
    with pytest.raises(exceptions.BadRequest, match=said):
        going.result(timeout=60)


def test_a_source_that_was_never_uploaded_fails_the_operation(grpc_clients: Clients) -> None:
    """Its address was asked for and not used."""
    sent = function(grpc_clients)
    unused = v2(grpc_clients).generate_upload_url({"parent": LOCATION}).storage_source
    sent["build_config"]["source"]["storage_source"] = unused
    going = create(grpc_clients, sent)
    with pytest.raises(exceptions.BadRequest, match="Failed to retrieve function source code"):
        going.result(timeout=60)


def test_an_update_that_fails_leaves_what_answered_before(clients: Clients) -> None:
    """The function is shown as it was, with a message of what went wrong."""
    made = deploy(clients)
    sent = {"name": HELLO, **function(clients, {"main.py": "("})}
    with pytest.raises(exceptions.BadRequest, match="Build failed"):
        update(clients, sent)
    after = v2(clients).get_function(name=HELLO)
    assert after.build_config.source == made.build_config.source
    assert after.state == functions_v2.Function.State.ACTIVE
    assert "SyntaxError" in after.state_messages[0].message
    assert status(made.url) == 403
    again = update(clients, {"name": HELLO, "labels": {"team": "orders"}}, "labels")
    assert again.state == functions_v2.Function.State.ACTIVE
    assert not again.state_messages


@pytest.mark.parametrize(
    ("change", "headers", "expected"),
    [
        (lambda url: url, ZIP, 200),
        (lambda url: url[:-6] + "AAAA%3D", ZIP, 403),
        (lambda url: url.partition("&Signature")[0], ZIP, 403),
        (lambda url: url.replace("Expires=", "Expires=9"), ZIP, 403),
        (lambda url: url.replace("Expires=", "Expires=x"), ZIP, 403),
        (lambda url: url.replace(".zip", ".zip/x"), ZIP, 404),
        (lambda url: url, {"Content-Type": "text/plain"}, 403),
    ],
    ids=["right", "forged", "unsigned", "prolonged", "no time", "another", "type"],
)
def test_an_upload_is_taken_at_its_own_address_alone(
    grpc_clients: Clients, change: Callable[[str], str], headers: dict[str, str], expected: int
) -> None:
    """Signed, for one object, one type and a time."""
    url = v2(grpc_clients).generate_upload_url({"parent": LOCATION}).upload_url
    answer = requests.put(change(url), data=archive({"a": "b"}), headers=headers, timeout=30)
    assert answer.status_code == expected


def test_an_upload_of_the_first_generation_says_how_large_it_may_be(grpc_clients: Clients) -> None:
    """The header that its signature covers is needed."""
    url = v1(grpc_clients).generate_upload_url({"parent": LOCATION}).upload_url
    assert requests.put(url, data=b"x", headers=ZIP, timeout=30).status_code == 403
    assert requests.put(url, data=b"x", headers=RANGED, timeout=30).status_code == 200


@pytest.mark.parametrize("kind", ["failed-operation", "pending-operation"])
def test_operations_of_functions_can_be_made_to_go_wrong(
    grpc_clients: Clients, emulator: RunningEmulator, kind: str
) -> None:
    """A failed one leaves a failed function; one that never ends leaves it deploying."""
    fault = {"method": "*/CreateFunction", "kind": kind}
    emulator.admin("POST", "/faults", **fault, **({"code": "INTERNAL"} if "failed" in kind else {}))
    going = create(grpc_clients, function(grpc_clients))
    states = functions_v2.Function.State
    if kind == "pending-operation":
        assert not going.done()
        assert v2(grpc_clients).get_function(name=HELLO).state == states.DEPLOYING
        return
    with pytest.raises(exceptions.InternalServerError):
        going.result(timeout=60)
    assert v2(grpc_clients).get_function(name=HELLO).state == states.FAILED
