"""Of findings: ids that stay, severities that fit, commands that exist, and scale."""

import shlex

import pytest
from msgspec.structs import replace

from provision.audit.answers import Finding, HopKind, Severity
from provision.audit.settings import Settings
from provision.principals import Principal
from provision.snapshot.records import (
    Account,
    Binding,
    Boundary,
    BoundaryBinding,
    Container,
    DenyPolicy,
    DenyRule,
    Group,
    Kind,
    Membership,
    Part,
    Policy,
    Tag,
    Tags,
    Target,
    Unread,
)
from tests.audit_world import Size, snapshot
from tests.unit.audit.finding_pairs import PAIRS, PUSH
from tests.unit.audit.finding_worlds import (
    ANN,
    CALLER,
    CALLS,
    FOLDER,
    INVOKER,
    NARROW,
    ORDERS,
    ORGANIZATION,
    PROJECT,
    group,
    policy,
    world,
)

_SERVICE = Target(ORDERS, Kind.SERVICE, ingress="all")
_COMMANDS = (
    "provision revoke",
    "provision grant",
    "provision prune-expired",
    "provision up",
    "gcloud run services update",
    "gcloud run jobs update",
    "gcloud projects remove-iam-policy-binding",
    "gcloud resource-manager folders remove-iam-policy-binding",
    "gcloud organizations remove-iam-policy-binding",
    "gcloud run services remove-iam-policy-binding",
    "gcloud run jobs remove-iam-policy-binding",
    "gcloud functions remove-iam-policy-binding",
    "gcloud iam service-accounts remove-iam-policy-binding",
    "gcloud iam service-accounts create",
    "gcloud iam service-accounts keys disable",
    "gcloud iam service-accounts keys delete",
    "gcloud identity groups memberships delete",
    "gcloud beta iap web remove-iam-policy-binding",
    "gcloud beta iap web add-iam-policy-binding",
)


def _only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1
    return findings[0]


def test_an_id_stays_when_more_targets_come_and_records_change_their_order() -> None:
    """It is made of what the finding is about alone."""
    bound = policy(FOLDER, (INVOKER, "allUsers"))
    before = _only(world(bound).of("public-above"))
    other = ORDERS.replace("orders", "baskets")
    after = _only(world(Target(other, Kind.SERVICE), Policy(other), bound).of("public-above"))
    assert before.id == after.id
    assert after.targets == (other, ORDERS)


def test_ids_differ_by_resource_principal_and_condition() -> None:
    """Two findings are never one."""
    both = Policy(
        ORDERS,
        (
            Binding(INVOKER, (ANN,), 'resource.name == "a"'),
            Binding(INVOKER, (ANN,), 'resource.name == "b"'),
        ),
    )
    assert len({one.id for one in world(both).of("condition-never")}) == 2


def test_the_worst_comes_first_and_equal_worlds_give_equal_reports() -> None:
    """So that a report can be kept and compared."""
    records = list(snapshot(Size(), seed=4))
    first = world(*records).found()
    second = world(*reversed(records)).found()
    assert [one.severity.rank for one in first] == sorted(one.severity.rank for one in first)
    assert first == second
    assert len({one.id for one in first}) == len(first)


@pytest.mark.parametrize("ingress", ["internal", "none"])
def test_what_only_the_inside_reaches_is_less_bad(ingress: str) -> None:
    """Public by IAM, and unreachable from the internet."""
    inside = replace(_SERVICE, ingress=ingress)
    found = world(inside, policy(ORDERS, (INVOKER, "allUsers"))).of("public-by-binding")
    assert _only(found).severity is Severity.MEDIUM


def test_a_service_behind_iap_is_public_by_iaps_own_policy() -> None:
    """There the role of IAP opens, wherever it is bound."""
    place = "//iap.googleapis.com/projects/shop-prod/iap_web/cloud_run-europe-west1/services/orders"
    opened = policy(place, ("roles/iap.httpsResourceAccessor", "allUsers"))
    found = _only(world(replace(_SERVICE, iap=True), opened).of("public-by-binding"))
    assert found.targets == (ORDERS,)
    assert "through IAP" in found.claim
    assert found.mend[0].startswith("gcloud beta iap web remove-iam-policy-binding")


def test_a_deny_policy_for_everybody_takes_the_finding_of_the_public_away() -> None:
    """It is told instead that the binding has no effect."""
    rule = DenyRule(("principalSet://goog/public:all",), ("run.googleapis.com/routes.invoke",))
    denied = world(policy(ORDERS, (NARROW, "allUsers")), DenyPolicy(FOLDER, "nobody", (rule,)))
    assert denied.of("public-by-binding") == []
    assert _only(denied.of("access-denied")).principal == "allUsers"


def test_a_deny_policy_that_counts_for_some_targets_leaves_the_binding_its_effect() -> None:
    """A binding on a folder is void only where all that is below is denied."""
    rule = DenyRule(("principal://goog/subject/ann@example.com",), ("run.googleapis.com/*.*",))
    elsewhere = "//run.googleapis.com/projects/lab-prod/locations/europe-west1/services/lab"
    records = (
        policy(FOLDER, (NARROW, ANN)),
        DenyPolicy(PROJECT, "guard", (rule,)),
        Container("projects/lab-prod", FOLDER, number="222"),
        Policy("projects/lab-prod"),
    )
    assert len(world(*records).of("access-denied")) == 1
    lab = (Target(elsewhere, Kind.SERVICE), Policy(elsewhere))
    assert world(*records, *lab).of("access-denied") == []


def test_a_deny_policy_for_a_tag_counts_where_the_service_itself_has_it() -> None:
    """Tags that are bound to the service, not above."""
    rule = DenyRule(
        ("principal://goog/subject/ann@example.com",),
        ("run.googleapis.com/routes.invoke",),
        condition='resource.matchTag("1/env", "prod")',
    )
    records = (policy(ORDERS, (NARROW, ANN)), DenyPolicy(PROJECT, "guard", (rule,)))
    tags = Tags(ORDERS, (Tag("1/env", "tagKeys/1", "prod", "tagValues/2"),))
    assert world(*records).of("access-denied") == []
    assert len(world(*records, tags).of("access-denied")) == 1


def test_nested_groups_and_groups_that_contain_each_other_are_followed() -> None:
    """Somebody from outside is found two groups down, once for the group that has them."""
    records = (
        policy(ORDERS, (INVOKER, "group:a@example.com")),
        group("group:a@example.com", "group:b@example.com"),
        group("group:b@example.com", "group:a@example.com", "user:bob@other.example"),
    )
    found = _only(world(*records).of("external-in-group"))
    assert found.resource == "group:b@example.com"
    assert found.targets == (ORDERS,)


def test_a_membership_that_ended_lets_nobody_in() -> None:
    """At the time of the audit."""
    from tests.unit.audit.finding_worlds import AT

    ended = Group("group:a@example.com", (Membership("user:bob@other.example", AT),))
    records = (policy(ORDERS, (INVOKER, "group:a@example.com")), ended)
    assert world(*records).of("external-in-group") == []


def test_what_is_ones_own_can_be_told() -> None:
    """Domains, customers and projects."""
    settings = Settings(domains=frozenset({"partner.example"}), projects=frozenset({"shared-ci"}))
    ci = "serviceAccount:ci@shared-ci.iam.gserviceaccount.com"
    for member in ("user:bob@partner.example", ci):
        bound = policy(ORDERS, (INVOKER, member))
        assert world(bound, settings=settings).of("external-member") == []
        assert len(world(bound).of("external-member")) == 1


def test_where_nothing_tells_what_is_ones_own_only_consumer_accounts_are_strangers() -> None:
    """An organisation that could not be read is no reason to call colleagues strangers."""
    unnamed = Container(ORGANIZATION)
    for member, count in (("user:bob@other.example", 0), ("user:bob@gmail.com", 1)):
        bound = policy(ORDERS, (INVOKER, member))
        assert len(world(unnamed, bound).of("external-member")) == count


def test_google_own_agents_are_no_strangers() -> None:
    """Though their projects are Google's."""
    agent = "serviceAccount:service-9@gcp-sa-pubsub.iam.gserviceaccount.com"
    assert world(policy(ORDERS, (INVOKER, agent))).of("external-member") == []


def test_minting_by_everybody_is_worse_than_by_somebody() -> None:
    """Of an account that can invoke."""
    role = "roles/iam.serviceAccountTokenCreator"
    records = (policy(ORDERS, (INVOKER, CALLS)), policy(CALLER, (role, "domain:example.com")))
    found = _only(world(*records).of("id-token-minter"))
    assert found.severity is Severity.HIGH
    assert found.hops[0].kind is HopKind.MINT_ID
    assert found.targets == (ORDERS,)


def test_minting_that_is_taken_away_is_no_finding() -> None:
    """By a deny policy, or by a boundary, which does cut that hop."""
    role = "roles/iam.serviceAccountOpenIdTokenCreator"
    records = (policy(ORDERS, (INVOKER, CALLS)), policy(CALLER, (role, ANN)))
    rule = DenyRule(
        ("principal://goog/subject/ann@example.com",),
        ("iam.googleapis.com/serviceAccounts.getOpenIdToken",),
    )
    assert world(*records, DenyPolicy(FOLDER, "guard", (rule,))).of("id-token-minter") == []
    name = f"{ORGANIZATION}/locations/global/principalAccessBoundaryPolicies/fence"
    place = "//cloudresourcemanager.googleapis.com"
    fenced = (
        Boundary(name, (f"{place}/folders/77",)),
        BoundaryBinding("bound", name, f"{place}/{ORGANIZATION}"),
    )
    assert len(world(*records).of("id-token-minter")) == 1
    assert world(*records, *fenced).of("id-token-minter") == []


def test_what_calls_a_service_behind_iap_needs_iaps_role() -> None:
    """The invoker's does not help, and the command to paste is IAP's own."""
    service = Target(ORDERS, Kind.SERVICE, ingress="all", iap=True, urls=(PUSH.calls,))
    web = "//iap.googleapis.com/projects/shop-prod/iap_web/cloud_run-europe-west1/services/orders"
    bound = policy(ORDERS, (INVOKER, CALLS))
    above = (Policy(web.partition("/services/")[0]), Policy(web.partition("/cloud_run")[0]))
    found = _only(world(service, PUSH, bound, Policy(web), *above).of("caller-refused"))
    assert found.mend[0].startswith(_COMMANDS)
    assert "--role=roles/iap.httpsResourceAccessor" in found.mend[0]
    through = policy(web, ("roles/iap.httpsResourceAccessor", CALLS))
    assert world(service, PUSH, bound, through, *above).of("caller-refused") == []


@pytest.mark.parametrize(("where", "severity"), [(PROJECT, Severity.INFO), (FOLDER, Severity.LOW)])
def test_a_service_agent_is_a_hint_where_its_api_bound_it(where: str, severity: Severity) -> None:
    """Above projects somebody did."""
    agent = "serviceAccount:service-111@serverless-robot-prod.iam.gserviceaccount.com"
    bound = policy(where, ("roles/run.serviceAgent", agent))
    assert _only(world(bound).of("service-agent-above")).severity is severity


def test_a_default_account_that_was_not_read_is_found_in_its_project() -> None:
    """By the number in its name; what a reader may list does not change the finding's id."""
    email = "111-compute@developer.gserviceaccount.com"
    runs = Target(ORDERS, Kind.SERVICE, ingress="all", account=email)
    name = f"//iam.googleapis.com/{PROJECT}/serviceAccounts/{email}"
    unread = _only(world(runs).of("default-runtime-account"))
    read = _only(world(runs, Account(name, email)).of("default-runtime-account"))
    assert unread.resource == name
    assert unread.id == read.id
    elsewhere = Target(ORDERS, Kind.SERVICE, ingress="all", account=email.replace("111", "999"))
    assert "/projects/999/" in _only(world(elsewhere).of("default-runtime-account")).resource


def test_an_account_in_a_set_of_accounts_is_an_invoker_too() -> None:
    """Whoever mints its tokens is found."""
    every = "principalSet://cloudresourcemanager.googleapis.com/projects/111/type/ServiceAccount"
    role = "roles/iam.serviceAccountTokenCreator"
    records = (policy(ORDERS, (INVOKER, every)), policy(CALLER, (role, ANN)))
    assert _only(world(*records).of("id-token-minter")).targets == (ORDERS,)


def test_a_group_that_opens_nothing_and_is_not_read_is_a_hint() -> None:
    """It changes no answer."""
    found = world(Unread("group:x@example.com", Part.MEMBERS, "403")).of("group-not-read")
    assert _only(found).severity is Severity.INFO


def test_a_group_that_may_lead_to_access_another_way_leaves_a_check_unproven() -> None:
    """It may mint tokens of an invoker: nobody can be said to be kept out."""
    role = "roles/iam.serviceAccountTokenCreator"
    records = (
        policy(CALLER, (role, "group:x@example.com")),
        Unread("group:x@example.com", Part.MEMBERS, "403"),
    )
    assert _only(world(*records).of("group-not-read")).severity is Severity.LOW


def test_what_is_missing_without_a_word_is_not_known_either() -> None:
    """A group without a record, and a policy without one."""
    lab = "//run.googleapis.com/projects/shop-prod/locations/europe-west1/services/lab"
    missing = world(policy(ORDERS, (INVOKER, "group:x@example.com")), Target(lab, Kind.SERVICE))
    assert _only(missing.of("group-not-read")).principal == "group:x@example.com"
    assert _only(missing.of("policy-not-read")).targets == (lab,)


def test_unread_keys_of_many_accounts_are_one_finding() -> None:
    """For a project."""
    names = [CALLER.replace("caller@", f"caller{place}@") for place in range(30)]
    found = world(*(Unread(name, Part.KEYS, "403 denied") for name in names)).of("not-read")
    assert "30 resources" in _only(found).claim


@pytest.mark.parametrize("rule", PAIRS)
def test_commands_that_mend_are_commands_that_exist(rule: str) -> None:
    """Each can be split by a shell, begins as one that exists, and names parsable principals."""
    for finding in PAIRS[rule][0].of(rule):
        for line in finding.mend:
            words = shlex.split(line)
            assert line.startswith(_COMMANDS)
            if words[:2] in (["provision", "revoke"], ["provision", "grant"]):
                for word in words[2 : words.index("--on")]:
                    Principal.parse(word)


def test_odd_names_are_quoted() -> None:
    """A condition's or member's text never becomes a command of its own."""
    member = "principal://iam.googleapis.com/locations/global/workforcePools/p/subject/a;b$(c)"
    found = world(policy(PROJECT, ("roles/editor", member))).of("invoker-by-basic-role")
    words = shlex.split(_only(found).mend[0])
    assert f"--member={member}" in words


def test_a_conditional_binding_is_not_taken_out_with_another_of_the_same_role() -> None:
    """No command is better than one that takes out what still counts."""
    two = Policy(
        ORDERS,
        (
            Binding(INVOKER, (ANN,)),
            Binding(INVOKER, (ANN,), 'resource.name == "x"'),
        ),
    )
    assert _only(world(two).of("condition-never")).mend == ()


def test_a_report_of_ten_thousand_services_has_findings_by_binding() -> None:
    """A public folder is one finding, whatever is below it."""
    targets = [
        Target(ORDERS.replace("orders", f"orders{place}"), Kind.SERVICE) for place in range(2000)
    ]
    found = world(*targets, policy(FOLDER, (INVOKER, "allUsers"))).of("public-above")
    assert len(_only(found).targets) == 2001
