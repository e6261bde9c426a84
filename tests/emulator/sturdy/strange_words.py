"""What strange requests are made of: paths, words, numbers, texts, bodies that nearly fit."""

PROJECT = "demo-project"
WORDS = (
    "demo-project", "asia-east1", "-", "orders", "services", "operations", "locations", "projects",
    "global", "", ".", "..", "%", "%2F", "%zz", "%00", "%ff%fe", "a" * 3000, "ü", "\u202e", "*",
    "0", "-1", "1e999", "null", "{}", "a:b", ":setIamPolicy", "policies", "denypolicies",
    "orders-run@demo-project.iam.gserviceaccount.com", "100000000001", "allUsers", "~", "'", '"',
)  # fmt: skip
OTHER_PATHS = (
    "/", "/token", "/tokeninfo", "/oauth2/v1/certs", "/oauth2/v3/certs", "/v1/userinfo", "/v2/",
    "/robot/v1/metadata/x509/a@example.com", "/v2/token", "/v2/asia-east1/demo-project/r/i/",
    "/v2/asia-east1/demo-project/services/hello/manifests/v1",
    "/v2/asia-east1/demo-project/services/hello/blobs/sha256:00",
    "/v2/asia-east1/demo-project/services/hello/blobs/uploads/",
    "/v2/asia-east1/demo-project/services/hello/blobs/uploads/1",
    "/v2/asia-east1/demo-project/services/hello/tags/list?n=x&last=%ff",
    "/v2/asia-east1/demo-project/services/hello/referrers/sha256:00",
    "/_emulator", "/_emulator/requests", "/_emulator/faults", "/_emulator/faults/1",
    "/_emulator/settings", "/_emulator/projects", "/_emulator/identities", "/_emulator/grants",
    "/_emulator/groups", "/_emulator/orgpolicy", "/_emulator/logs/x", "/_emulator/nothing",
    "/v1/projects/demo-project/locations", "/v1/projects/demo-project/locations/-/services",
    "/apis/serving.knative.dev/v1/namespaces/demo-project/services",
    "/apis/serving.knative.dev/v1/namespaces/demo-project/services/orders",
    "/apis/serving.knative.dev/v1/namespaces/demo-project/revisions?limit=x&continue=%00",
    "/apis/serving.knative.dev/v1/namespaces/demo-project/services?limit=2",
    "/apis/serving.knative.dev/v1/namespaces/demo-project/services?dryRun=all",
    "/apis/serving.knative.dev/v1/namespaces/demo-project/services/orders:setIamPolicy",
    "/apis/run.googleapis.com/v1/namespaces/demo-project/jobs",
    "/apis/run.googleapis.com/v1/namespaces/demo-project/executions/x",
    "/apis/run.googleapis.com/v1/namespaces/demo-project/executions/x:cancel",
    "/apis/run.googleapis.com/v1/namespaces/demo-project/jobs/nightly:run",
    "/apis/run.googleapis.com/v1/namespaces/demo-project/tasks?labelSelector=a%20in%20(b&limit=1",
    "/v1/projects/demo-project/locations/asia-east1/services/orders:getIamPolicy",
    "/v1/projects/demo-project/locations/asia-east1/services/orders:testIamPermissions",
    "/v1/projects/demo-project/services/run.googleapis.com",
    "/v1/projects/demo-project/services:batchEnable",
    "/v1/groups:lookup?groupKey.id=g%40example.com", "/v1/groups/-/memberships?pageSize=x",
    "/v1/groups/x/memberships:checkTransitiveMembership?query=member_key_id%20==%20%27",
)  # fmt: skip
VERBS = (
    "GET", "GET", "GET", "POST", "POST", "POST", "PUT", "PUT", "PATCH", "DELETE", "HEAD",
    "OPTIONS", "TRACE", "BREW",
)  # fmt: skip
USUAL_VERBS = (("/manifests/", "PUT"), ("/_emulator/", "POST"), (":batchEnable", "POST"))
HOSTS = (
    "run.googleapis.com", "asia-east1-run.googleapis.com", "iam.googleapis.com", "localhost",
    "artifactregistry.googleapis.com", "oauth2.googleapis.com", "asia-east1-docker.pkg.dev",
    "gcr.io", "cloudresourcemanager.googleapis.com", "example.com", "[::1]", "", "a b", "x:99999",
    "serviceusage.googleapis.com", "storage.googleapis.com", "\u00fc",
    "cloudidentity.googleapis.com",
)  # fmt: skip
HEADERS = (
    ("Content-Type", "application/json"), ("Content-Type", "text/plain; charset=nonsense"),
    ("Content-Type", "multipart/form-data"), ("Content-Type", "multipart/form-data; boundary=x"),
    ("Content-Type", "application/x-www-form-urlencoded"), ("Content-Type", ";;;"),
    ("Content-Type", "application/vnd.oci.image.manifest.v1+json"),
    ("Accept-Encoding", "gzip, br;q=x"), ("X-HTTP-Method-Override", "DELETE"),
    ("Content-Encoding", "gzip"), ("Content-Range", "0-5"), ("Content-Range", "bytes x-y/z"),
    ("Range", "bytes=5-1,,"), ("If-Match", "*"), ("X-Goog-User-Project", "none"),
    ("X-Goog-FieldMask", "a.b.c"), ("Expect", "100-continue"), ("Cookie", "a=\x7f"),
    ("Accept", "x"), ("Origin", "https://example.com"), ("Authorization", "Basic !!!"),
)  # fmt: skip
NUMBERS = (0, -1, 2**31, 2**63, 2**64, 10**400, 1.5, -0.0, 1e308, float("nan"), float("inf"))
TEXTS = (
    "", "x", "\ud800", "\x00", "\U0001f600" * 5, "a" * 70_000, "2026-01-01T00:00:00Z", "9s",
    "1e9999s", "not a time", "ACAB", "!!!", "projects/demo-project", "roles/run.invoker",
    "user:ann@example.com", "deleted:serviceAccount:x?uid=", "serviceAccount:", "${x}", "a,b.c,",
    "asia-east1-docker.pkg.dev/demo-project/services/hello", "127.0.0.1/x", "@sha256:", "1Gi", "1m",
    "roles/owner", "request.time < timestamp('x')", "(" * 300, "!" * 3000 + "true", "INFINITY",
)  # fmt: skip
ACCOUNT = "orders-run@demo-project.iam.gserviceaccount.com"
IMAGE = "asia-east1-docker.pkg.dev/demo-project/services/hello:v1"
# What stands after these in a path, and in fields of these names, where all is as it should be.
USUAL = {
    "projects": PROJECT, "locations": "asia-east1", "services": "orders",
    "repositories": "services", "serviceAccounts": ACCOUNT, "folders": "200000000001",
    "organizations": "100000000001",
    "packages": "hello", "tags": "v1", "roles": "run.invoker", "policies": "x", "image": IMAGE,
    "role": "roles/run.invoker", "members": "user:ann@example.com", "service_account": ACCOUNT,
    "permissions": "run.services.get", "project_id": "demo-project", "resource_id": "demo-project",
    "delegates": f"projects/-/serviceAccounts/{ACCOUNT}", "scope": "https://x.example.com/auth",
    "audience": "https://orders.example.com", "parent": "folders/200000000001", "payload": "{}",
    "full_resource_name": "//cloudresourcemanager.googleapis.com/projects/demo-project",
    "title": "A title", "stage": "GA", "included_permissions": "run.services.get",
}  # fmt: skip
BLOB = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": "sha256:00", "size": 1}
KNATIVE = {
    "apiVersion": "serving.knative.dev/v1",
    "kind": "Service",
    "metadata": {
        "name": "orders",
        "namespace": PROJECT,
        "labels": {"cloud.googleapis.com/location": "asia-east1"},
        "annotations": {"run.googleapis.com/ingress": "internal", "run.googleapis.com/x": "1"},
    },
    "spec": {
        "template": {
            "metadata": {"annotations": {"autoscaling.knative.dev/maxScale": "3"}},
            "spec": {
                "containerConcurrency": 80,
                "timeoutSeconds": 300,
                "serviceAccountName": ACCOUNT,
                "containers": [
                    {
                        "image": IMAGE,
                        "env": [{"name": "A", "value": "b"}],
                        "ports": [{"containerPort": 8080}],
                        "resources": {"limits": {"cpu": "1", "memory": "512Mi"}},
                        "startupProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 240},
                    }
                ],
            },
        },
        "traffic": [{"percent": 100, "latestRevision": True, "tag": "blue"}],
    },
}
POLICY = {"policy": {"bindings": [{"role": "roles/run.invoker", "members": ["user:a@b.example"]}]}}
# What belongs into the bodies of other paths than those of RPCs, by a part of the path.
DOCUMENTS: tuple[tuple[str, object], ...] = (
    ("/apis/", KNATIVE),
    ("/apis/", POLICY),
    (
        "/manifests/",
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": BLOB,
            "layers": [BLOB],
            "subject": BLOB,
            "annotations": {"a": "b"},
        },
    ),
    (
        "/manifests/",
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [{**BLOB, "platform": {"os": "linux", "architecture": "amd64"}}],
        },
    ),
    ("/_emulator/settings", {"iamDelay": 0, "operationDelay": 0.02}),
    ("/_emulator/identities", {"member": "user:ann@example.com"}),
    ("/_emulator/groups", {"group": "group:g@example.com", "members": ["user:ann@example.com"]}),
    ("/_emulator/projects", {"projectId": "other-project"}),
    (
        "/_emulator/grants",
        {
            "resource": "projects/demo-project",
            "member": "user:ann@example.com",
            "role": "roles/viewer",
        },
    ),
    (
        "/_emulator/orgpolicy",
        {"constraint": "iam.allowedPolicyMemberDomains", "allowed": ["example.com"]},
    ),
    ("/_emulator/faults", {"method": "x", "kind": "stale", "seconds": 1, "times": 1, "skip": 1}),
    (":batchEnable", {"serviceIds": ["run.googleapis.com"]}),
)
WELL_KNOWN = {
    "google.protobuf.Timestamp": TEXTS,
    "google.protobuf.Duration": ("9s", *TEXTS),
    "google.protobuf.FieldMask": ("labels", "template.containers", "*", "a,b", "X Y", ""),
}
RAW = (
    b"", b" ", b"{", b"[]", b"null", b"true", b'"x"', b"NaN", b"\xff\xfe", b"{}{}", b"\x00" * 100,
    b"[" * 100_000, b'{"a":' * 20_000, b'{"name":"a","name":"b"}', b'{"a":' + b"9" * 5000 + b"}",
    b'{"name":"\\ud800"}', b'{"\\u0000":1}', b"\xef\xbb\xbf{}", b'{"policy":{"bindings":[{}]}}',
)  # fmt: skip
GRPC_NAMES = (
    "/",
    "/x",
    "/google.cloud.run.v2.Services/",
    "/google.cloud.run.v2.Services/GetServices",
)
NAMES = (
    "projects/demo-project", "projects/demo-project/locations/asia-east1",
    "projects/demo-project/locations/asia-east1/services/orders", "projects/-",
    "projects/demo-project/locations/asia-east1/repositories/services", "projects//locations//",
    "projects/demo-project/serviceAccounts/orders-run@demo-project.iam.gserviceaccount.com",
    "organizations/100000000001", "folders/200000000001", "operations/x", "projects/demo-project/x",
    "projects/demo-project/locations/asia-east1/operations/x", "policies/x/denypolicies/y",
)  # fmt: skip
