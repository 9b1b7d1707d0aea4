/* Roles that a service is linked to: the service knows their name, trust and policy; only it, or the
 * deletion asked for here, changes them. Names and policies are AWS's published facts.
 *
 * DIFFERS: AWS asks the service whether the role is in use before it goes. Here a role whose service
 * has no room is in no use; the services that have one may refuse it later. */
#include "iam.h"

/* "service role policy" without what all have in common; '+' in front: a suffix may be given. */
static const char *const linked[] = {
    "access-analyzer AccessAnalyzer AccessAnalyzerServiceRolePolicy",
    "accountdiscovery.ssm AmazonSSM_AccountDiscovery AWSSystemsManagerAccountDiscoveryServicePolicy",
    "acm CertificateManager CertificateManagerServiceRolePolicy",
    "apidestinations.events AmazonEventBridgeApiDestinations AmazonEventBridgeApiDestinationsServiceRolePolicy",
    "appmesh AppMesh AWSAppMeshServiceRolePolicy",
    "+autoscaling AutoScaling AutoScalingServiceRolePolicy",
    "autoscaling-plans AutoScalingPlans_EC2AutoScaling AWSAutoScalingPlansEC2AutoScalingPolicy",
    "backup Backup AWSBackupServiceLinkedRolePolicyForBackup",
    "batch Batch BatchServiceRolePolicy",
    "cassandra.application-autoscaling ApplicationAutoScaling_CassandraTable AWSApplicationAutoscalingCassandraTablePolicy",
    "cks.kms KeyManagementServiceCustomKeyStores AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy",
    "cloudtrail CloudTrail CloudTrailServiceRolePolicy",
    "codestar-notifications CodeStarNotifications AWSCodeStarNotificationsServiceRolePolicy",
    "config Config AWSConfigServiceRolePolicy",
    "+connect AmazonConnect AmazonConnectServiceLinkedRolePolicy",
    "custom-resource.application-autoscaling ApplicationAutoScaling_CustomResource AWSApplicationAutoScalingCustomResourcePolicy",
    "dms DMSServerless AWSDMSServerlessServiceRolePolicy",
    "dms-fleet-advisor DMSFleetAdvisor AWSDMSFleetAdvisorServiceRolePolicy",
    "docdb-elastic DocDB-Elastic AmazonDocDB-ElasticServiceRolePolicy",
    "dynamodb.application-autoscaling ApplicationAutoScaling_DynamoDBTable AWSApplicationAutoscalingDynamoDBTablePolicy",
    "ec2-instance-connect Ec2InstanceConnect Ec2InstanceConnectEndpoint",
    "ec2.application-autoscaling ApplicationAutoScaling_EC2SpotFleetRequest AWSApplicationAutoscalingEC2SpotFleetRequestPolicy",
    "ec2fleet EC2Fleet AWSEC2FleetServiceRolePolicy",
    "ecr ECRTemplate ECRTemplateServiceRolePolicy",
    "ecs ECS AmazonECSServiceRolePolicy",
    "ecs.application-autoscaling ApplicationAutoScaling_ECSService AWSApplicationAutoscalingECSServicePolicy",
    "eks AmazonEKS AmazonEKSServiceRolePolicy",
    "eks-connector AmazonEKSConnector AmazonEKSConnectorServiceRolePolicy",
    "eks-fargate AmazonEKSForFargate AmazonEKSForFargateServiceRolePolicy",
    "eks-nodegroup AmazonEKSNodegroup AWSServiceRoleForAmazonEKSNodegroup",
    "elasticache ElastiCache ElastiCacheServiceRolePolicy",
    "elasticbeanstalk ElasticBeanstalk AWSElasticBeanstalkServiceRolePolicy",
    "elasticfilesystem AmazonElasticFileSystem AmazonElasticFileSystemServiceRolePolicy",
    "elasticloadbalancing ElasticLoadBalancing AWSElasticLoadBalancingServiceRolePolicy",
    "email.cognito-idp AmazonCognitoIdpEmailService AmazonCognitoIdpEmailServiceRolePolicy",
    "emr-containers AmazonEMRContainers AmazonEMRContainersServiceRolePolicy",
    "emrwal EMRWAL EMRDescribeClusterPolicyForEMRWAL",
    "events CloudWatchEvents CloudWatchEventsServiceRolePolicy",
    "fis FIS AmazonFISServiceRolePolicy",
    "grafana AmazonGrafana AmazonGrafanaServiceLinkedRolePolicy",
    "guardduty AmazonGuardDuty AmazonGuardDutyServiceRolePolicy",
    "imagebuilder ImageBuilder AWSServiceRoleForImageBuilder",
    "inspector2 AmazonInspector2 AmazonInspector2ServiceRolePolicy",
    "iotmanagedintegrations IoTManagedIntegrations AWSIoTManagedIntegrationsRolePolicy",
    "kafka Kafka KafkaServiceRolePolicy",
    "kafkaconnect KafkaConnect KafkaConnectServiceRolePolicy",
    "lakeformation LakeFormationDataAccess LakeFormationDataAccessServiceRolePolicy",
    "lambda.application-autoscaling ApplicationAutoScaling_LambdaConcurrency AWSApplicationAutoscalingLambdaConcurrencyPolicy",
    "+lexv2 LexV2Bots AmazonLexV2BotPolicy",
    "lightsail Lightsail LightsailExportAccess",
    "m2 AWSM2 AWSM2ServicePolicy",
    "macie AmazonMacie AmazonMacieServiceRolePolicy",
    "memorydb MemoryDB MemoryDBServiceRolePolicy",
    "mq AmazonMQ AmazonMQServiceRolePolicy",
    "mrk.kms KeyManagementServiceMultiRegionKeys AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy",
    "notifications AwsUserNotifications AWSUserNotificationsServiceLinkedRolePolicy",
    "observability.aoss AmazonOpenSearchServerless AmazonOpenSearchServerlessServiceRolePolicy",
    "opensearchservice AmazonOpenSearchService AmazonOpenSearchServiceRolePolicy",
    "ops.apigateway APIGateway APIGatewayServiceRolePolicy",
    "ops.emr-serverless AmazonEMRServerless AmazonEMRServerlessServiceRolePolicy",
    "opsdatasync.ssm SystemsManagerOpsDataSync AWSSystemsManagerOpsDataSyncServiceRolePolicy",
    "opsinsights.ssm AmazonSSM_OpsInsights AWSSSMOpsInsightsServiceRolePolicy",
    "organizations Organizations AWSOrganizationsServiceTrustPolicy",
    "pullthroughcache.ecr ECRPullThroughCache AWSECRPullThroughCache_ServiceRolePolicy",
    "ram ResourceAccessManager AWSResourceAccessManagerServiceRolePolicy",
    "rds RDS AmazonRDSServiceRolePolicy",
    "rds.application-autoscaling ApplicationAutoScaling_RDSCluster AWSApplicationAutoscalingRDSClusterPolicy",
    "redshift Redshift AmazonRedshiftServiceLinkedRolePolicy",
    "replication.cassandra KeyspacesReplication KeyspacesReplicationServiceRolePolicy",
    "replication.ecr ECRReplication ECRReplicationServiceRolePolicy",
    "replicator.lambda LambdaReplicator AWSLambdaReplicator",
    "repository.sync.codeconnections GitSync AWSGitSyncServiceRolePolicy",
    "resource-explorer-2 ResourceExplorer AWSResourceExplorerServiceRolePolicy",
    "rolesanywhere RolesAnywhere AWSRolesAnywhereServicePolicy",
    "s3-outposts S3OnOutposts AWSS3OnOutpostsServiceRolePolicy",
    "securityhub SecurityHub AWSSecurityHubServiceRolePolicy",
    "ses AmazonSES AmazonSESServiceRolePolicy",
    "shield AWSShield AWSShieldServiceRolePolicy",
    "spot EC2Spot AWSEC2SpotServiceRolePolicy",
    "spotfleet EC2SpotFleet AWSEC2SpotFleetServiceRolePolicy",
    "ssm AmazonSSM AmazonSSMServiceRolePolicy",
    "ssm-incidents IncidentManager AWSIncidentManagerServiceRolePolicy",
    "ssm-quicksetup SSMQuickSetup SSMQuickSetupRolePolicy",
    "sso SSO AWSSSOServiceRolePolicy",
    "support Support AWSSupportServiceRolePolicy",
    "transitgateway VPCTransitGateway AWSVPCTransitGatewayServiceRolePolicy",
    "trustedadvisor TrustedAdvisor AWSTrustedAdvisorServiceRolePolicy",
    "vpcorigin.cloudfront CloudFrontVPCOrigin AWSCloudFrontVPCOriginServiceRolePolicy",
    "waf WAFLogging WAFLoggingServiceRolePolicy",
    "wafv2 WAFV2Logging WAFV2LoggingServiceRolePolicy",
};

struct link {
    bool suffix;
    str role, policy;
};

static bool find_link(str service, struct link *link) {
    str domain = S(".amazonaws.com");
    if (!str_ends(service, domain)) return false;
    str wanted = str_take(service, service.n - domain.n);
    for (size_t i = 0; i < LENGTH(linked); i++) {
        str line = str_of(linked[i]);
        link->suffix = str_starts(line, S("+"));
        line = str_skip(line, link->suffix);
        if (!str_eq(str_cut(&line, ' '), wanted)) continue;
        link->role = str_cut(&line, ' ');
        link->policy = line;
        return true;
    }
    return false;
}

static str trust_of(struct call *c, str service) {
    return arena_format(c->arena,
                        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"%.*s\"},"
                        "\"Action\":\"sts:AssumeRole\"}]}",
                        STR_ARGS(service));
}

err iam_create_service_linked_role(struct call *c, const struct iam_create_service_linked_role_request *in,
                                   struct iam_create_service_linked_role_response *out) {
    struct link link;
    struct realm r = realm_of(c);
    struct entity e = {.kind = ENTITY_ROLE, .service = in->aws_service_name, .description = in->description, .max_session_s = 3600}, other;
    if (!find_link(in->aws_service_name, &link))
        return fail(c, &iam_invalid_input_exception, "Service role %.*s can not be created.", STR_ARGS(in->aws_service_name));
    if (in->custom_suffix.p && !link.suffix)
        return fail(c, &iam_invalid_input_exception, "Custom suffix is not allowed for %.*s", STR_ARGS(in->aws_service_name));
    e.name = arena_format(c->arena, "AWSServiceRoleFor%.*s%s%.*s", STR_ARGS(link.role), in->custom_suffix.p ? "_" : "",
                          STR_ARGS(in->custom_suffix));
    if (entity_load(&r, ENTITY_ROLE, e.name, &other))
        return fail(c, &iam_invalid_input_exception,
                    "Service role name %.*s has been taken in this account, please try a different suffix.", STR_ARGS(e.name));
    e.trust = trust_of(c, e.service);
    TRY(entity_create(c, &e, arena_format(c->arena, "/aws-service-role/%.*s/", STR_ARGS(e.service)), NULL));
    TRY(policy_attach(c, &e, arena_format(c->arena, "arn:aws:iam::aws:policy/aws-service-role/%.*s", STR_ARGS(link.policy))));
    out->role = NEW(c->arena, struct iam_role);
    *out->role = role_shown(c, &e);
    out->role->max_session_duration.set = false;
    return NULL;
}

/* ---- deletion: a task, whose state stands in a row for those who ask ---- */

static str task_key(const struct realm *r, str id) { return realm_key(r, "deletion", id, (str){0}); }

err iam_delete_service_linked_role(struct call *c, const struct iam_delete_service_linked_role_request *in,
                                   struct iam_delete_service_linked_role_response *out) {
    struct realm r = realm_of(c);
    struct entity e;
    TRY(entity_open(c, ENTITY_ROLE, in->role_name, &e));
    if (!e.service.p)
        return fail(c, &iam_invalid_input_exception, "Role %.*s is not a service-linked role.", STR_ARGS(e.name));
    str id = arena_format(c->arena, "task/aws-service-role/%.*s/%.*s/%.*s", STR_ARGS(e.service), STR_ARGS(e.name), STR_ARGS(id_uuid(c->arena)));
    txn_put(c->txn, task_key(&r, id), S("IN_PROGRESS"));
    txn_task_set(c->txn, &(struct task){.kind = S("iam-role-deletion"), .key = task_key(&r, id),
                                        .payload = arena_format(c->arena, "%.*s %.*s %.*s", STR_ARGS(c->account), STR_ARGS(e.id), STR_ARGS(id))});
    out->deletion_task_id = id;
    return NULL;
}

err service_role_delete(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    str rest = arena_str(a, task->payload), account = str_cut(&rest, ' '), id = str_cut(&rest, ' ');
    struct call *c = call_for_task(t, &iam_service, account, S("us-east-1"), now_ms);
    struct realm r = realm_of(c);
    struct entity e;
    if (entity_load_by_id(&r, id, &e)) {
        TRY(policies_detach_all(c, &e));
        if (e.boundary.p) TRY(boundary_set(c, &e, (str){0}));
        entity_delete(c, &e);
    }
    txn_put(t, task_key(&r, rest), S("SUCCEEDED"));
    return NULL;
}

err iam_get_service_linked_role_deletion_status(struct call *c, const struct iam_get_service_linked_role_deletion_status_request *in,
                                                struct iam_get_service_linked_role_deletion_status_response *out) {
    struct realm r = realm_of(c);
    str status;
    if (!txn_get(c->txn, task_key(&r, in->deletion_task_id), &status))
        return fail(c, &iam_no_such_entity_exception, "Deletion task %.*s cannot be found.", STR_ARGS(in->deletion_task_id));
    out->status = arena_str(c->arena, status);
    return NULL;
}
