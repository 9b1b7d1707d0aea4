"""Users and roles that policies name: they must be there, and who gets a name later does not get the rights of who had
it before. Each room that keeps policies says no in its own words."""
import json
import random

import pytest
from botocore.exceptions import ClientError

TRUST = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}})


def name():
    return f"p{random.randrange(16**10):010x}"


class Keeper:
    """A resource with a policy. `resource` is its ARN, None in a role's trust; put() and get() are the room's."""

    def __init__(self, action, resource, put, get, refusal, beside=()):
        self.action, self.resource, self.refusal, self.put, self._get = action, resource, refusal, put, get
        self.beside = list(beside)  # statements

    def document(self, principal, **more):
        statement = {"Effect": "Allow", "Principal": principal, "Action": self.action, **more}
        if self.resource:
            statement["Resource"] = self.resource
        return json.dumps({"Version": "2012-10-17", "Statement": [statement, *self.beside]})

    def name(self, principal):
        self.put(self.document({"AWS": principal}))

    def named(self):
        document = self._get()
        document = json.loads(document) if isinstance(document, str) else document
        return document["Statement"][0]["Principal"]["AWS"]


class Home:
    def __init__(self, brume):
        self.brume, self.account = brume, f"{random.randrange(10**11, 10**12):012}"
        self.iam = self.client("iam")

    def client(self, service):
        return self.brume.client(service, account=self.account)

    def user(self, name, **more):
        return self.iam.create_user(UserName=name, **more)["User"]

    def role(self, name):
        return self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]

    def as_user(self, name, service):
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return key["AccessKeyId"], self.brume.client(service, account=key["AccessKeyId"], secret=key["SecretAccessKey"])

    def forget(self, name, key=None):
        if key:
            self.iam.delete_access_key(UserName=name, AccessKeyId=key)
        self.iam.delete_user(UserName=name)


@pytest.fixture
def home(brume):
    return Home(brume)


def bucket_of(home):
    bucket = name()
    home.client("s3").create_bucket(Bucket=bucket)
    return bucket


def keeper_s3(home):
    s3, bucket = home.client("s3"), bucket_of(home)
    return Keeper("s3:GetObject", f"arn:aws:s3:::{bucket}/*", lambda text: s3.put_bucket_policy(Bucket=bucket, Policy=text),
                  lambda: s3.get_bucket_policy(Bucket=bucket)["Policy"], ("MalformedPolicy", "Invalid principal in policy"))


def keeper_access_point(home):
    control, point = home.client("s3control"), name()
    options = {"AccountId": home.account, "Name": point}
    arn = control.create_access_point(**options, Bucket=bucket_of(home))["AccessPointArn"]
    return Keeper("s3:GetObject", f"{arn}/object/*", lambda text: control.put_access_point_policy(**options, Policy=text),
                  lambda: control.get_access_point_policy(**options)["Policy"], ("MalformedPolicy", "Invalid principal in policy"))


def keeper_sqs(home):
    sqs = home.client("sqs")
    queue = sqs.create_queue(QueueName=name())["QueueUrl"]
    get = lambda what: sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[what])["Attributes"][what]
    keeper = Keeper("sqs:SendMessage", get("QueueArn"), lambda text: sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": text}),
                    lambda: get("Policy"), ("InvalidAttributeValue", "Invalid value for the parameter Policy."))
    keeper.use = lambda client: client.send_message(QueueUrl=queue, MessageBody="x")
    return keeper


def keeper_sns(home):
    sns = home.client("sns")
    topic = sns.create_topic(Name=name())["TopicArn"]
    return Keeper("sns:Publish", topic, lambda text: sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=text),
                  lambda: sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"], ("InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound"))


def keeper_kms(home):
    kms = home.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    open_to_root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{home.account}:root"}, "Action": "kms:*", "Resource": "*"}
    return Keeper("kms:*", "*", lambda text: kms.put_key_policy(KeyId=key, Policy=text),
                  lambda: kms.get_key_policy(KeyId=key)["Policy"],
                  ("MalformedPolicyDocumentException", "Policy contains a statement with one or more invalid principals."), beside=[open_to_root])


def keeper_trust(home):
    role = home.role(name())["RoleName"]
    return Keeper("sts:AssumeRole", None, lambda text: home.iam.update_assume_role_policy(RoleName=role, PolicyDocument=text),
                  lambda: home.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"], ("MalformedPolicyDocument", 'Invalid principal in policy: "AWS":"$"'))


def keeper_bus(home):
    events, bus = home.client("events"), name()
    arn = events.create_event_bus(Name=bus)["EventBusArn"]
    return Keeper("events:PutEvents", arn, lambda text: events.put_permission(EventBusName=bus, Policy=text),
                  lambda: events.describe_event_bus(Name=bus)["Policy"],
                  ("ValidationException", 'Error occurred while parsing policy: Invalid principal in policy: "AWS":"$"'))


def keeper_table(home):
    dynamodb = home.client("dynamodb")
    arn = dynamodb.create_table(TableName=name(), KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
                                AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])["TableDescription"]["TableArn"]
    return Keeper("dynamodb:GetItem", arn, lambda text: dynamodb.put_resource_policy(ResourceArn=arn, Policy=text),
                  lambda: dynamodb.get_resource_policy(ResourceArn=arn)["Policy"],
                  ("ValidationException", "One or more parameter values were invalid: Invalid principal in policy document."))


def keeper_logs(home):
    logs = home.client("logs")
    return Keeper("logs:PutLogEvents", "*", lambda text: logs.put_resource_policy(policyName="p", policyDocument=text),
                  lambda: logs.describe_resource_policies()["resourcePolicies"][0]["policyDocument"],
                  ("InvalidParameterException", "Could not convert to persistable policy."))


def keeper_registry(home):
    schemas, registry = home.client("schemas"), name()
    arn = schemas.create_registry(RegistryName=registry)["RegistryArn"]
    return Keeper("schemas:DescribeRegistry", arn, lambda text: schemas.put_resource_policy(RegistryName=registry, Policy=text),
                  lambda: schemas.get_resource_policy(RegistryName=registry)["Policy"],
                  ("BadRequestException", "Provided registry policy is invalid: Invalid principal in policy"))


KEEPERS = [keeper_s3, keeper_access_point, keeper_sqs, keeper_sns, keeper_kms, keeper_trust, keeper_bus, keeper_table, keeper_logs, keeper_registry]


@pytest.fixture(params=KEEPERS, ids=lambda keeper: keeper.__name__.removeprefix("keeper_"))
def keeper(request, home):
    return request.param(home)


def refused(call, *arguments, **named):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    return caught.value.response["Error"]


# ---- who may be named ----

def test_who_is_not_there_cannot_be_named(home, keeper):
    home.user("there", Path="/team/")
    home.iam.create_group(GroupName="g")
    for absent in ["user/nobody", "user/there", "user/Team/there", "user/team/There", "role/nobody", "user/*", "role/team/*", "group/g"]:
        arn = f"arn:aws:iam::{home.account}:{absent}"
        code, message = keeper.refusal
        error = refused(keeper.name, arn)
        assert (error["Code"], error.get("Message") or error.get("message")) == (code, message.replace("$", arn)), arn
    for absent in [f"arn:aws:sts::{home.account}:assumed-role/nobody/s", "AIDAAAAAAAAAAAAAAAAAA"]:
        assert refused(keeper.name, absent)["Code"] == keeper.refusal[0]


def test_who_is_there_is_shown_as_written(home, keeper):
    user, role = home.user("there", Path="/team/")["Arn"], home.role("deliver")["Arn"]
    session = f"arn:aws:sts::{home.account}:assumed-role/deliver/nightly"
    federated = f"arn:aws:sts::{home.account}:federated-user/guest"
    everybody = [user, role, session, federated, f"arn:aws:iam::{home.account}:root"]
    keeper.name(everybody)
    assert keeper.named() == everybody
    keeper.put(keeper.document({"Service": "sqs.amazonaws.com", "AWS": user}))
    assert keeper.named() == user


def test_names_much_longer_than_their_ids(home):
    """Ten ARNs of six hundred bytes, shown again out of ids of fifty."""
    keeper, path = keeper_s3(home), "/" + "p" * 255 + "/" + "q\"" * 127 + "/"
    everybody = [home.user(f"u{i}", Path=path)["Arn"] for i in range(10)]
    keeper.name(everybody)
    assert keeper.named() == everybody


def test_an_account_is_its_root(home, keeper):
    keeper.name([home.account, "111122223333"])
    assert keeper.named() == [f"arn:aws:iam::{home.account}:root", "arn:aws:iam::111122223333:root"]


def test_other_accounts(brume, home, keeper):
    other = Home(brume)
    stranger = f"arn:aws:iam::{other.account}:role/outside"
    keeper.name(stranger)  # nobody here has heard of this account
    assert keeper.named() == stranger
    user = other.user("here")["Arn"]
    keeper.name(user)
    assert keeper.named() == user
    assert refused(keeper.name, stranger)["Code"] == keeper.refusal[0]  # by now one has


# ---- who had the name before ----

def test_who_is_gone_is_shown_by_id(home, keeper):
    user = home.user("bob")
    keeper.name(user["Arn"])
    home.forget("bob")
    assert keeper.named() == user["UserId"]
    home.user("bob")
    assert keeper.named() == user["UserId"]
    assert refused(keeper.name, user["UserId"])["Code"] == keeper.refusal[0]


def test_a_new_name_is_followed(home, keeper):
    arn = home.user("bob")["Arn"]
    keeper.name(arn)
    home.iam.update_user(UserName="bob", NewUserName="robert", NewPath="/sales/")
    assert keeper.named() == f"arn:aws:iam::{home.account}:user/sales/robert"


def test_a_role_s_sessions_go_with_it(home, keeper):
    role = home.role("deliver")
    keeper.name(f"arn:aws:sts::{home.account}:assumed-role/deliver/nightly")
    home.iam.delete_role(RoleName="deliver")
    home.role("deliver")
    assert keeper.named() == f"{role['RoleId']}:nightly"


def test_a_namesake_has_no_right(home):
    keeper = keeper_sqs(home)
    arn = home.user("bob")["Arn"]
    keeper.name(arn)
    key, client = home.as_user("bob", "sqs")
    keeper.use(client)
    home.forget("bob", key)
    home.user("bob")
    key, client = home.as_user("bob", "sqs")
    assert refused(keeper.use, client)["Code"] == "AccessDenied"
    keeper.name(arn)
    keeper.use(client)
    home.iam.update_user(UserName="bob", NewUserName="robert")  # the same one still
    keeper.use(client)


def test_a_namesake_is_not_trusted(home):
    keeper = keeper_trust(home)
    keeper.name(home.user("bob")["Arn"])
    role = home.iam.list_roles()["Roles"][0]["Arn"]
    assume = lambda sts: sts.assume_role(RoleArn=role, RoleSessionName="one")["AssumedRoleUser"]["Arn"]
    key, sts = home.as_user("bob", "sts")
    assert assume(sts).endswith("/one")
    home.forget("bob", key)
    home.user("bob")
    assert refused(assume, home.as_user("bob", "sts")[1])["Code"] == "AccessDenied"


def test_a_namesake_s_guest_has_no_right(brume, home):
    """A federated user has what is given to the user who let it in, and who that is is told by the id too."""
    keeper = keeper_sqs(home)
    keeper.name(home.user("bob")["Arn"])
    everything = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    let_in = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:GetFederationToken", "Resource": "*"}})

    def guest():
        home.iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=let_in)
        key, sts = home.as_user("bob", "sts")
        c = sts.get_federation_token(Name="guest", Policy=everything)["Credentials"]
        return key, brume.client("sqs", account=c["AccessKeyId"], secret=c["SecretAccessKey"], aws_session_token=c["SessionToken"])

    key, client = guest()
    keeper.use(client)
    home.iam.delete_user_policy(UserName="bob", PolicyName="p")
    home.forget("bob", key)
    home.user("bob")
    assert refused(keeper.use, guest()[1])["Code"] == "AccessDenied"


# ---- each room's own ----

def test_s3_names_the_stranger(home):
    s3, keeper = home.client("s3"), keeper_s3(home)
    error = refused(keeper.name, [f"arn:aws:iam::{home.account}:root", f"arn:aws:iam::{home.account}:user/nobody"])
    assert error["Detail"] == f'"AWS" : "arn:aws:iam::{home.account}:user/nobody"'
    error = refused(keeper.put, keeper.document({"Service": "sqs"}))
    assert error["Detail"] == '"SERVICE" : "sqs"' and s3.list_buckets()["Buckets"]


def test_services_and_providers(home):
    keeper = keeper_trust(home)
    for service in ["lambda.amazonaws.com", "logs.us-east-1.amazonaws.com", "delivery.logs.amazonaws.com", "ec2.amazonaws.com.cn"]:
        keeper.put(keeper.document({"Service": service}))
    for bad in ["lambda", "*", "x.example.com", "a b.amazonaws.com"]:
        assert refused(keeper.put, keeper.document({"Service": bad}))["Message"] == f'Invalid principal in policy: "SERVICE":"{bad}"'
    web = {"Action": "sts:AssumeRoleWithWebIdentity"}
    for provider in ["accounts.google.com", "cognito-identity.amazonaws.com", f"arn:aws:iam::{home.account}:oidc-provider/tokens.example.com"]:
        keeper.put(keeper.document({"Federated": provider}, **web))
    for bad in ["nobody", f"arn:aws:iam::{home.account}:oidc-provider/", f"arn:aws:iam::{home.account}:user/x"]:
        assert refused(keeper.put, keeper.document({"Federated": bad}, **web))["Message"] == f'Invalid principal in policy: "FEDERATED":"{bad}"'


def test_a_role_is_born_with_a_trust_that_holds(home):
    absent = f"arn:aws:iam::{home.account}:role/absent"
    trust = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": absent}, "Action": "sts:AssumeRole"}})
    error = refused(home.iam.create_role, RoleName="r", AssumeRolePolicyDocument=trust)
    assert (error["Code"], error["Message"]) == ("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{absent}"')


def test_a_bus_keeps_what_it_was_given_before(home):
    keeper, events = keeper_bus(home), home.client("events")
    user = home.user("bob")
    keeper.name(user["Arn"])
    home.forget("bob")
    bus = keeper.resource.rsplit("/", 1)[1]
    events.put_permission(EventBusName=bus, Action="events:PutEvents", Principal="111122223333", StatementId="s")
    first, second = json.loads(events.describe_event_bus(Name=bus)["Policy"])["Statement"]
    assert first["Principal"]["AWS"] == user["UserId"] and second["Principal"]["AWS"] == "arn:aws:iam::111122223333:root" and second["Sid"] == "s"


def test_a_key_s_grants_are_for_who_is_there(home):
    kms = home.client("kms")
    key, absent = kms.create_key()["KeyMetadata"]["KeyId"], f"arn:aws:iam::{home.account}:role/absent"
    for options in [{"GranteePrincipal": absent}, {"GranteePrincipal": f"arn:aws:iam::{home.account}:root", "RetiringPrincipal": absent}]:
        error = refused(kms.create_grant, KeyId=key, Operations=["Decrypt"], **options)
        assert (error["Code"], error["Message"]) == ("InvalidArnException", f"ARN does not refer to a valid principal: {absent}")
    kms.create_grant(KeyId=key, Operations=["Decrypt"], GranteePrincipal=home.role("there")["Arn"])


def test_a_namesake_has_no_grant(home):
    kms = home.client("kms")
    key, bob = kms.create_key()["KeyMetadata"]["Arn"], home.user("bob")
    kms.create_grant(KeyId=key, Operations=["Encrypt"], GranteePrincipal=bob["Arn"], RetiringPrincipal=bob["Arn"])
    named = lambda: [(g["GranteePrincipal"], g["RetiringPrincipal"]) for g in kms.list_grants(KeyId=key)["Grants"]]
    access_key, client = home.as_user("bob", "kms")
    client.encrypt(KeyId=key, Plaintext=b"x")
    home.iam.update_user(UserName="bob", NewUserName="robert")  # the same one still
    client.encrypt(KeyId=key, Plaintext=b"x")
    arn = f"arn:aws:iam::{home.account}:user/robert"
    assert named() == [(arn, arn)]
    assert len(kms.list_grants(KeyId=key, GranteePrincipal=arn)["Grants"]) == len(kms.list_retirable_grants(RetiringPrincipal=arn)["Grants"]) == 1
    home.forget("robert", access_key)
    home.user("robert")
    access_key, client = home.as_user("robert", "kms")
    assert named() == [(bob["UserId"], bob["UserId"])]
    assert kms.list_grants(KeyId=key, GranteePrincipal=arn)["Grants"] == kms.list_retirable_grants(RetiringPrincipal=arn)["Grants"] == []
    grant = kms.list_grants(KeyId=key)["Grants"][0]["GrantId"]
    assert refused(client.encrypt, KeyId=key, Plaintext=b"x")["Code"] == "AccessDeniedException"
    assert refused(client.retire_grant, KeyId=key, GrantId=grant)["Code"] == "AccessDeniedException"
    kms.create_grant(KeyId=key, Operations=["Encrypt"], GranteePrincipal=arn, RetiringPrincipal=arn)
    client.encrypt(KeyId=key, Plaintext=b"x")
    new = kms.list_retirable_grants(RetiringPrincipal=arn)["Grants"][0]["GrantId"]
    client.retire_grant(KeyId=key, GrantId=new)
    assert [g["GrantId"] for g in kms.list_grants(KeyId=key)["Grants"]] == [grant]


def test_a_role_s_grant_goes_with_it(brume, home):
    """Of all sessions in a role, or of the one that is named."""
    kms, key = home.client("kms"), home.client("kms").create_key()["KeyMetadata"]["Arn"]
    trust = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": home.account}, "Action": "sts:AssumeRole"}})
    let_in = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}})
    home.user("bob")
    home.iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=let_in)
    sts = home.as_user("bob", "sts")[1]

    def session(name):
        c = sts.assume_role(RoleArn=f"arn:aws:iam::{home.account}:role/reader", RoleSessionName=name)["Credentials"]
        return brume.client("kms", account=c["AccessKeyId"], secret=c["SecretAccessKey"], aws_session_token=c["SessionToken"])

    make = lambda: home.iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust)["Role"]
    role = make()
    one = f"arn:aws:sts::{home.account}:assumed-role/reader/one"
    kms.create_grant(KeyId=key, Operations=["Encrypt"], GranteePrincipal=role["Arn"])
    kms.create_grant(KeyId=key, Operations=["GenerateDataKey"], GranteePrincipal=one)
    for name in ["one", "two"]:
        session(name).encrypt(KeyId=key, Plaintext=b"x")
    session("one").generate_data_key(KeyId=key, KeySpec="AES_256")
    assert refused(session("two").generate_data_key, KeyId=key, KeySpec="AES_256")["Code"] == "AccessDeniedException"
    home.iam.delete_role(RoleName="reader")
    make()
    assert refused(session("one").encrypt, KeyId=key, Plaintext=b"x")["Code"] == "AccessDeniedException"
    assert refused(session("one").generate_data_key, KeyId=key, KeySpec="AES_256")["Code"] == "AccessDeniedException"
    assert {g["GranteePrincipal"] for g in kms.list_grants(KeyId=key)["Grants"]} == {role["RoleId"], role["RoleId"] + ":one"}


def test_the_rest_of_a_policy_stays_as_it_was_written(home):
    keeper, s3 = keeper_s3(home), home.client("s3")
    arn = home.user("plain", Path='/a"b\\c/')["Arn"]
    bucket = keeper.resource.removeprefix("arn:aws:s3:::").removesuffix("/*")
    text = ('{ "Version" : "2012-10-17",\n "Statement": { "Sid":"caf\\u00e9", "Effect":"Deny",\t"NotPrincipal" : {"AWS" :[ ' + json.dumps(arn)
            + ' , "arn:aws:iam::' + home.account + ':root" ]}, "Action":"s3:GetObject", "Resource":"' + keeper.resource + '" } }')
    keeper.put(text)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == text
