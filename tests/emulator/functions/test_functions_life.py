"""The life of functions of both generations, with Google's clients over gRPC and REST."""

import pytest
from google.api_core import exceptions
from google.cloud import functions_v1, functions_v2, run_v2

from tests.conftest import Clients, RunningEmulator
from tests.emulator.functions.workbench import (
    HELLO,
    LOCATION,
    OLD,
    PROJECT,
    SERVICE,
    create,
    create_first,
    deploy,
    deploy_first,
    first_function,
    function,
    status,
    update,
    upload,
    v1,
    v2,
)


def test_a_second_generation_function_is_a_cloud_run_service(clients: Clients) -> None:
    """Of the same name, labelled, with the function's account, written by Google's own agent."""
    made = deploy(clients)
    assert made.environment == functions_v2.Environment.GEN_2
    assert made.state == functions_v2.Function.State.ACTIVE
    service = clients.services.get_service(name=SERVICE)
    config = made.service_config
    assert (config.service, config.uri) == (SERVICE, service.uri)
    assert service.labels["goog-managed-by"] == "cloudfunctions"
    assert service.template.service_account == config.service_account_email
    assert service.creator.endswith("@gcf-admin-robot.iam.gserviceaccount.com")
    assert made.url in service.custom_audiences
    assert "https://us-central1-demo-project.cloudfunctions.net/hello" in service.custom_audiences
    assert service.template.containers[0].image.startswith(
        "us-central1-docker.pkg.dev/demo-project/gcf-artifacts/demo-project__us-central1__hello@"
    )


def test_a_second_generation_function_is_updated_in_part(clients: Clients) -> None:
    """What the mask names changes, in the function and in its service, and nothing else."""
    deploy(clients)
    config = {"timeout_seconds": 30, "environment_variables": {"MOOD": "good"}}
    sent = {"name": HELLO, "service_config": config, "description": "not named"}
    changed = update(clients, sent, "service_config.timeout_seconds", "service_config")
    assert (changed.service_config.timeout_seconds, changed.description) == (30, "")
    template = clients.services.get_service(name=SERVICE).template
    assert template.timeout.seconds == 30
    assert {one.name: one.value for one in template.containers[0].env} == {
        "LOG_EXECUTION_ID": "true",
        "MOOD": "good",
    }


def test_a_deleted_function_takes_its_service_along(clients: Clients) -> None:
    """Neither the function nor the service is there, and the address answers 404."""
    made = deploy(clients)
    v2(clients).delete_function(name=HELLO).result(timeout=60)
    with pytest.raises(exceptions.NotFound, match=f"Resource '{HELLO}' was not found"):
        v2(clients).get_function(name=HELLO)
    with pytest.raises(exceptions.NotFound):
        clients.services.get_service(name=SERVICE)
    assert status(made.url) == 404


def test_a_first_generation_function_is_no_cloud_run_service(clients: Clients) -> None:
    """It has an address of its own, the default account of App Engine, and a version."""
    made = deploy_first(clients)
    assert made.status == functions_v1.CloudFunctionStatus.ACTIVE
    assert made.https_trigger.url.endswith("/Old_one")
    assert made.service_account_email == "demo-project@appspot.gserviceaccount.com"
    assert (made.version_id, made.timeout.seconds, made.available_memory_mb) == (1, 60, 256)
    assert "Signature" not in made.source_upload_url
    assert list(clients.services.list_services(parent=LOCATION)) == []
    sent = {**first_function(clients), "description": "second", "labels": {"not": "named"}}
    mask = {"paths": ["description", "source_upload_url"]}
    going = v1(clients).update_function({"function": sent, "update_mask": mask})
    changed = going.result(timeout=60)
    assert (changed.version_id, changed.description, changed.labels) == (2, "second", {})
    assert changed.https_trigger.url == made.https_trigger.url
    v1(clients).delete_function(name=OLD).result(timeout=60)
    text = "Function Old_one in region us-central1 in project demo-project does not exist"
    with pytest.raises(exceptions.NotFound, match=text):
        v1(clients).get_function(name=OLD)
    assert status(made.https_trigger.url) == 404


def test_v2_shows_both_generations_and_v1_its_own(clients: Clients) -> None:
    """Over all locations, by environment, and by a filter."""
    deploy(clients)
    first = deploy_first(clients)
    anywhere = f"{PROJECT}/locations/-"
    listed = {one.name: one for one in v2(clients).list_functions(parent=anywhere)}
    assert {name: one.environment.name for name, one in listed.items()} == {
        HELLO: "GEN_2",
        OLD: "GEN_1",
    }
    assert listed[OLD].url == listed[OLD].service_config.uri == first.https_trigger.url
    assert [one.name for one in v1(clients).list_functions({"parent": anywhere})] == [OLD]
    asked = {"parent": LOCATION, "filter": 'environment="GEN_1" AND state=ACTIVE'}
    assert [one.name for one in v2(clients).list_functions(asked)] == [OLD]
    assert v2(clients).get_function(name=OLD).environment == functions_v2.Environment.GEN_1
    with pytest.raises(exceptions.NotFound):
        v1(clients).get_function(name=HELLO)


def test_names_are_shared_by_generations_and_services(clients: Clients) -> None:
    """A function's name is taken for the other generation, a service's for the second."""
    deploy_first(clients, HELLO)
    with pytest.raises(exceptions.Conflict):
        create(clients, function(clients))
    v1(clients).delete_function(name=HELLO).result(timeout=60)
    deploy(clients)
    with pytest.raises(exceptions.Conflict):
        create_first(clients, first_function(clients, name=HELLO))


def test_somebody_elses_service_is_left_alone(clients: Clients) -> None:
    """A Cloud Run service of the name that is no function's makes the creation fail."""
    deploy(clients)
    service = clients.services.get_service(name=SERVICE)
    v2(clients).delete_function(name=HELLO).result(timeout=60)
    clients.services.create_service(
        parent=LOCATION, service_id="hello", service=run_v2.Service(template=service.template)
    ).result(timeout=60)
    with pytest.raises(exceptions.Conflict, match="Please redeploy the function with a diff"):
        create(clients, function(clients))
    assert clients.services.get_service(name=SERVICE).template == service.template


def test_one_deployment_at_a_time(clients: Clients, emulator: RunningEmulator) -> None:
    """While one goes on, another one and a deletion are refused with 409."""
    emulator.admin("POST", "/settings", operationDelay=5)
    sent = function(clients)
    create(clients, sent)
    with pytest.raises(exceptions.Conflict, match="unable to queue the operation"):
        v2(clients).delete_function(name=HELLO)
    create_first(clients, first_function(clients))
    with pytest.raises(exceptions.Conflict, match="is already in progress"):
        v1(clients).delete_function(name=OLD)
    states = functions_v2.Function.State
    assert v2(clients).get_function(name=HELLO).state == states.DEPLOYING
    assert v2(clients).get_function(name=OLD).state == states.DEPLOYING


def test_the_operation_tells_how_far_it_is(clients: Clients, emulator: RunningEmulator) -> None:
    """Build and service are its stages; what it is about is in its metadata."""
    going = create(clients, function(clients))
    going.result(timeout=60)
    metadata = going.metadata
    assert (metadata.target, metadata.verb, metadata.api_version) == (HELLO, "create", "v2")
    assert [(one.name.name, one.state.name) for one in metadata.stages] == [
        ("BUILD", "COMPLETE"),
        ("SERVICE", "COMPLETE"),
    ]
    listed = v2(clients).list_operations({"name": LOCATION}).operations
    assert going.operation.name in [one.name for one in listed]
    assert emulator.about["project"] in going.operation.name


def test_first_generation_operations_are_found_by_their_own_names(clients: Clients) -> None:
    """``operations/…``, with the function in its metadata."""
    going = create_first(clients, first_function(clients))
    going.result(timeout=60)
    assert going.operation.name.startswith("operations/")
    assert going.metadata.target == OLD
    assert going.metadata.version_id == 1


def test_a_function_is_called_for_its_developer(clients: Clients) -> None:
    """CallFunction answers with what the function said; without an engine that it does not run."""
    deploy_first(clients)
    answer = v1(clients).call_function(name=OLD, data='{"a": 1}')
    assert answer.execution_id
    assert "no Docker engine" in answer.result


def test_an_update_without_a_source_keeps_the_one_there_is(clients: Clients) -> None:
    """The source of the last deployment is built again."""
    made = deploy(clients)
    changed = update(clients, {"name": HELLO, "labels": {"team": "orders"}}, "labels")
    assert dict(changed.labels) == {"team": "orders"}
    assert changed.build_config.source == made.build_config.source
    other = upload(clients)
    assert other.object_ != made.build_config.source.storage_source.object_


def test_runtimes_are_those_of_python(clients: Clients) -> None:
    """In both generations, and by the filter that gcloud sends."""
    runtimes = v2(clients).list_runtimes({"parent": LOCATION}).runtimes
    assert {one.name for one in runtimes} >= {"python311", "python312"}
    asked = {"parent": LOCATION, "filter": "name=python311 AND environment=GEN_1"}
    [found] = v2(clients).list_runtimes(asked).runtimes
    assert (found.name, found.environment.name) == ("python311", "GEN_1")
