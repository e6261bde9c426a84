"""The RPCs of Google's client packages that the emulator knows by name and does not offer.

Each answers UNIMPLEMENTED and names itself. ``docs/emulator.md`` lists them from here.
"""

_LINES = """
google.cloud.run.v2.Builds: SubmitBuild
google.cloud.run.v2.Instances: StartInstance StopInstance
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
google.iam.v3.AccessPolicies: CreateAccessPolicy GetAccessPolicy UpdateAccessPolicy
google.iam.v3.AccessPolicies: DeleteAccessPolicy ListAccessPolicies SearchAccessPolicyBindings
google.cloud.asset.v1.AssetService: AnalyzeIamPolicy AnalyzeIamPolicyLongrunning AnalyzeMove
google.cloud.asset.v1.AssetService: AnalyzeOrgPolicies AnalyzeOrgPolicyGovernedAssets
google.cloud.asset.v1.AssetService: AnalyzeOrgPolicyGovernedContainers BatchGetAssetsHistory
google.cloud.asset.v1.AssetService: CreateFeed GetFeed ListFeeds UpdateFeed DeleteFeed QueryAssets
google.cloud.asset.v1.AssetService: CreateSavedQuery GetSavedQuery ListSavedQueries
google.cloud.asset.v1.AssetService: UpdateSavedQuery DeleteSavedQuery
google.cloud.iap.v1.IdentityAwareProxyAdminService: GetIapSettings UpdateIapSettings
google.cloud.iap.v1.IdentityAwareProxyAdminService: ValidateIapAttributeExpression
google.cloud.iap.v1.IdentityAwareProxyAdminService: ListTunnelDestGroups CreateTunnelDestGroup
google.cloud.iap.v1.IdentityAwareProxyAdminService: GetTunnelDestGroup UpdateTunnelDestGroup
google.cloud.iap.v1.IdentityAwareProxyAdminService: DeleteTunnelDestGroup
google.cloud.iap.v1.IdentityAwareProxyOAuthService: ListBrands CreateBrand GetBrand
google.cloud.iap.v1.IdentityAwareProxyOAuthService: CreateIdentityAwareProxyClient
google.cloud.iap.v1.IdentityAwareProxyOAuthService: ListIdentityAwareProxyClients
google.cloud.iap.v1.IdentityAwareProxyOAuthService: GetIdentityAwareProxyClient
google.cloud.iap.v1.IdentityAwareProxyOAuthService: ResetIdentityAwareProxyClientSecret
google.cloud.iap.v1.IdentityAwareProxyOAuthService: DeleteIdentityAwareProxyClient
google.cloud.resourcemanager.v3.TagHolds: CreateTagHold DeleteTagHold ListTagHolds
google.cloud.functions.v2.FunctionService: GenerateDownloadUrl
google.cloud.functions.v1.CloudFunctionsService: GenerateDownloadUrl
google.pubsub.v1.Publisher: ListTopicSnapshots
google.pubsub.v1.Subscriber: Pull Acknowledge ModifyAckDeadline Seek
google.pubsub.v1.Subscriber: CreateSnapshot GetSnapshot ListSnapshots UpdateSnapshot DeleteSnapshot
google.pubsub.v1.SchemaService: CreateSchema GetSchema ListSchemas DeleteSchema CommitSchema
google.pubsub.v1.SchemaService: ListSchemaRevisions RollbackSchema DeleteSchemaRevision
google.pubsub.v1.SchemaService: ValidateSchema ValidateMessage
google.cloud.eventarc.v1.Eventarc: GetProvider ListProviders
google.cloud.eventarc.v1.Eventarc: GetChannel ListChannels CreateChannel UpdateChannel DeleteChannel
google.cloud.eventarc.v1.Eventarc: GetChannelConnection ListChannelConnections
google.cloud.eventarc.v1.Eventarc: CreateChannelConnection DeleteChannelConnection
google.cloud.eventarc.v1.Eventarc: GetGoogleChannelConfig UpdateGoogleChannelConfig
google.cloud.eventarc.v1.Eventarc: GetMessageBus ListMessageBuses CreateMessageBus UpdateMessageBus
google.cloud.eventarc.v1.Eventarc: DeleteMessageBus ListMessageBusEnrollments
google.cloud.eventarc.v1.Eventarc: GetEnrollment ListEnrollments CreateEnrollment UpdateEnrollment
google.cloud.eventarc.v1.Eventarc: DeleteEnrollment
google.cloud.eventarc.v1.Eventarc: GetPipeline ListPipelines CreatePipeline UpdatePipeline
google.cloud.eventarc.v1.Eventarc: DeletePipeline
google.cloud.eventarc.v1.Eventarc: GetGoogleApiSource ListGoogleApiSources CreateGoogleApiSource
google.cloud.eventarc.v1.Eventarc: UpdateGoogleApiSource DeleteGoogleApiSource
google.cloud.tasks.v2.CloudTasks: BatchCreateTasks BatchDeleteTasks
google.longrunning.Operations: CancelOperation
google.cloud.tasks.v2.CloudTasks: GetCmekConfig UpdateCmekConfig
"""

NOT_OFFERED = frozenset(
    f"{service}/{rpc}"
    for service, _, rpcs in (line.partition(": ") for line in _LINES.strip().splitlines())
    for rpc in rpcs.split()
)
"""Full names, as in ``google.cloud.run.v2.Builds/SubmitBuild``."""
