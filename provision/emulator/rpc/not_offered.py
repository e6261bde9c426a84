"""The RPCs of Google's client packages that the emulator knows by name and does not offer.

Each answers UNIMPLEMENTED and names itself. ``docs/emulator.md`` lists them from here.
"""

_LINES = """
google.cloud.run.v2.Builds: SubmitBuild
google.cloud.run.v2.Instances: CreateInstance DeleteInstance GetInstance ListInstances StopInstance
google.cloud.run.v2.Instances: StartInstance
google.cloud.run.v2.WorkerPools: CreateWorkerPool GetWorkerPool ListWorkerPools UpdateWorkerPool
google.cloud.run.v2.WorkerPools: DeleteWorkerPool GetIamPolicy SetIamPolicy TestIamPermissions
google.devtools.artifactregistry.v1.ArtifactRegistry: ListMavenArtifacts GetMavenArtifact
google.devtools.artifactregistry.v1.ArtifactRegistry: ListNpmPackages GetNpmPackage
google.devtools.artifactregistry.v1.ArtifactRegistry: ListPythonPackages GetPythonPackage
google.devtools.artifactregistry.v1.ArtifactRegistry: ImportAptArtifacts ImportYumArtifacts
google.devtools.artifactregistry.v1.ArtifactRegistry: UpdateVersion UpdatePackage
google.devtools.artifactregistry.v1.ArtifactRegistry: UpdateFile DeleteFile ExportArtifact
google.devtools.artifactregistry.v1.ArtifactRegistry: CreateRule ListRules GetRule UpdateRule
google.devtools.artifactregistry.v1.ArtifactRegistry: DeleteRule GetVPCSCConfig UpdateVPCSCConfig
google.devtools.artifactregistry.v1.ArtifactRegistry: ListAttachments GetAttachment
google.devtools.artifactregistry.v1.ArtifactRegistry: CreateAttachment DeleteAttachment
google.cloud.resourcemanager.v3.TagHolds: CreateTagHold DeleteTagHold ListTagHolds
google.cloud.functions.v2.FunctionService: GenerateDownloadUrl
google.cloud.functions.v1.CloudFunctionsService: GenerateDownloadUrl
"""

NOT_OFFERED = frozenset(
    f"{service}/{rpc}"
    for service, _, rpcs in (line.partition(": ") for line in _LINES.strip().splitlines())
    for rpc in rpcs.split()
)
"""Full names, as in ``google.cloud.run.v2.Builds/SubmitBuild``."""
