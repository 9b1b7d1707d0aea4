"""What the IAM user guide's example policies say, for both evaluators; the page is named at each. The policies are told in
their sense, with names of our own."""
USER = {"kind": "user", "account": "111122223333", "arn": "arn:aws:iam::111122223333:user/Bob", "id": "AIDABOB0000000000001"}
OBJECT, QUEUE = "arn:aws:s3:::bucket/a", "arn:aws:sqs:us-east-1:111122223333:queue"
ME, OTHER = "arn:aws:iam::111122223333:user/Bob", "arn:aws:iam::111122223333:user/Eve"
TABLE, INSTANCE = "arn:aws:dynamodb:us-east-1:111122223333:table/t", "arn:aws:ec2:us-east-1:111122223333:instance/i-1"


def allow(action, resource="*", condition=None, effect="Allow", **more):
    statement = {"Effect": effect, "Action": action, "Resource": resource, "Condition": condition, **more}
    return {key: value for key, value in statement.items() if value is not None}


def deny(action, resource="*", condition=None, **more):
    return allow(action, resource, condition, effect="Deny", **more)


EVERYTHING = allow("*")
CASE = {"principal": USER, "boundary": None, "session": None, "scp": [], "rcp": [], "endpoint": None, "resource_policy": None, "rules": False, "granted": False, "cross": False}
EXAMPLES = {  # page: statements, then what they answer to an action on a resource with a context
    "aws-dates": ([allow("sqs:*", condition={"DateGreaterThan": {"aws:CurrentTime": "2020-04-01T00:00:00Z"}, "DateLessThan": {"aws:CurrentTime": "2020-06-30T23:59:59Z"}})], [
        ("sqs:SendMessage", QUEUE, {"aws:currenttime": ["2020-05-01T00:00:00Z"]}, True), ("sqs:SendMessage", QUEUE, {"aws:currenttime": ["2020-07-01T00:00:00Z"]}, False)]),
    "aws-enable-disable-regions": ([allow(["account:EnableRegion", "account:DisableRegion"], condition={"StringEquals": {"account:TargetRegion": "ap-east-1"}})], [
        ("account:EnableRegion", "*", {"account:targetregion": ["ap-east-1"]}, True), ("account:EnableRegion", "*", {"account:targetregion": ["af-south-1"]}, False)]),
    "aws_mfa-dates": ([allow("sqs:*", condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}, "DateGreaterThan": {"aws:CurrentTime": "2017-07-01T00:00:00Z"}})], [
        ("sqs:SendMessage", QUEUE, {"aws:multifactorauthpresent": ["true"], "aws:currenttime": ["2018-01-01T00:00:00Z"]}, True),
        ("sqs:SendMessage", QUEUE, {"aws:currenttime": ["2018-01-01T00:00:00Z"]}, False)]),
    "aws_my-sec-creds-self-manage": ([allow(["iam:ChangePassword", "iam:GetUser"], "arn:aws:iam::*:user/${aws:username}"), allow("sqs:*"), deny(
        None, NotAction=["iam:ChangePassword", "iam:GetUser", "sts:GetSessionToken"], condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})], [
        ("iam:GetUser", ME, {"aws:username": ["Bob"], "aws:multifactorauthpresent": ["false"]}, True), ("iam:GetUser", OTHER, {"aws:username": ["Bob"]}, False),
        ("sqs:SendMessage", QUEUE, {"aws:multifactorauthpresent": ["true"]}, True), ("sqs:SendMessage", QUEUE, {"aws:multifactorauthpresent": ["false"]}, False),
        ("sqs:SendMessage", QUEUE, {}, False)]),  # long-term keys have no such value: IfExists denies them too
    "aws_deny-ip": ([EVERYTHING, deny("*", condition={"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"]}, "Bool": {"aws:ViaAWSService": "false"}})], [
        ("s3:GetObject", OBJECT, {"aws:sourceip": ["203.0.113.7"], "aws:viaawsservice": ["false"]}, True),
        ("s3:GetObject", OBJECT, {"aws:sourceip": ["198.51.100.7"], "aws:viaawsservice": ["false"]}, False),
        ("s3:GetObject", OBJECT, {"aws:sourceip": ["198.51.100.7"], "aws:viaawsservice": ["true"]}, True)]),
    "aws_deny-requested-region": ([EVERYTHING, deny(None, NotAction=["cloudfront:*", "iam:*", "route53:*", "support:*"], condition={
        "StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]}})], [
        ("sqs:SendMessage", QUEUE, {"aws:requestedregion": ["eu-west-1"]}, True), ("sqs:SendMessage", QUEUE, {"aws:requestedregion": ["us-east-1"]}, False),
        ("iam:GetUser", ME, {"aws:requestedregion": ["us-east-1"]}, True)]),
    "resource_account_owner": ([EVERYTHING, deny("s3:*", condition={"StringNotEquals": {"aws:ResourceAccount": ["222222222222"]}})], [
        ("s3:GetObject", OBJECT, {"aws:resourceaccount": ["222222222222"]}, True), ("s3:GetObject", OBJECT, {"aws:resourceaccount": ["111122223333"]}, False)]),
    "dynamodb_attributes": ([allow(["dynamodb:GetItem", "dynamodb:Query"], "arn:aws:dynamodb:*:*:table/t", {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "name"]}, "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}})], [
        ("dynamodb:GetItem", TABLE, {"dynamodb:attributes": ["id"]}, True), ("dynamodb:GetItem", TABLE, {"dynamodb:attributes": ["id", "secret"]}, False),
        ("dynamodb:Query", TABLE, {"dynamodb:attributes": ["id"], "dynamodb:select": ["ALL_ATTRIBUTES"]}, False)]),
    "dynamodb_items": ([allow("dynamodb:*", "arn:aws:dynamodb:*:*:table/t", {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}"]}})], [
        ("dynamodb:GetItem", TABLE, {"dynamodb:leadingkeys": ["Bob"], "aws:username": ["Bob"]}, True),
        ("dynamodb:GetItem", TABLE, {"dynamodb:leadingkeys": ["Bob", "Eve"], "aws:username": ["Bob"]}, False)]),
    "ec2_tag-owner": ([allow(["ec2:StartInstances", "ec2:StopInstances"], "arn:aws:ec2:*:*:instance/*", {"StringEquals": {"aws:ResourceTag/Owner": "${aws:username}"}}), allow("ec2:DescribeInstances")], [
        ("ec2:StartInstances", INSTANCE, {"aws:resourcetag/Owner": ["Bob"], "aws:username": ["Bob"]}, True),
        ("ec2:StartInstances", INSTANCE, {"aws:resourcetag/Owner": ["bob"], "aws:username": ["Bob"]}, False), ("ec2:DescribeInstances", "*", {}, True)]),
    "access_tags, matching the principal's": ([allow("ec2:*", "*", {"StringEquals": {"aws:ResourceTag/CostCenter": "${aws:PrincipalTag/CostCenter}"}})], [
        ("ec2:StopInstances", INSTANCE, {"aws:resourcetag/CostCenter": ["7"], "aws:principaltag/CostCenter": ["7"]}, True),
        ("ec2:StopInstances", INSTANCE, {"aws:resourcetag/CostCenter": ["7"]}, False), ("ec2:StopInstances", INSTANCE, {}, False)]),
    "access_tags, of a request": ([allow("iam:CreateUser", "*", {"StringEquals": {"aws:RequestTag/dept": ["a", "b"]}, "ForAllValues:StringEquals": {"aws:TagKeys": "dept"}})], [
        ("iam:CreateUser", OTHER, {"aws:requesttag/dept": ["a"], "aws:tagkeys": ["dept"]}, True), ("iam:CreateUser", OTHER, {"aws:requesttag/dept": ["c"], "aws:tagkeys": ["dept"]}, False),
        ("iam:CreateUser", OTHER, {"aws:requesttag/dept": ["a"], "aws:tagkeys": ["dept", "x"]}, False), ("iam:CreateUser", OTHER, {}, False)]),
    "iam-passrole-service": ([allow("iam:PassRole", "*", {"StringEquals": {"iam:PassedToService": "cloudwatch.amazonaws.com"}})], [
        ("iam:PassRole", "arn:aws:iam::111122223333:role/r", {"iam:passedtoservice": ["cloudwatch.amazonaws.com"]}, True),
        ("iam:PassRole", "arn:aws:iam::111122223333:role/r", {"iam:passedtoservice": ["ec2.amazonaws.com"]}, False)]),
    "access_policies_boundaries, a boundary that must be given": ([allow("iam:CreateUser", "*", {"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::111122223333:policy/b"}}), deny("iam:DeleteUserPermissionsBoundary")], [
        ("iam:CreateUser", OTHER, {"iam:permissionsboundary": ["arn:aws:iam::111122223333:policy/b"]}, True), ("iam:CreateUser", OTHER, {}, False),
        ("iam:DeleteUserPermissionsBoundary", OTHER, {}, False)]),
    "s3_home-directory-console": ([allow("s3:ListBucket", "arn:aws:s3:::bucket", {"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/*"]}}),
                                   allow("s3:*", ["arn:aws:s3:::bucket/home/${aws:username}", "arn:aws:s3:::bucket/home/${aws:username}/*"])], [
        ("s3:ListBucket", "arn:aws:s3:::bucket", {"s3:prefix": ["home/Bob/x"], "aws:username": ["Bob"]}, True), ("s3:ListBucket", "arn:aws:s3:::bucket", {"s3:prefix": ["home/Eve/"], "aws:username": ["Bob"]}, False),
        ("s3:ListBucket", "arn:aws:s3:::bucket", {"s3:prefix": [""], "aws:username": ["Bob"]}, True), ("s3:PutObject", "arn:aws:s3:::bucket/home/Bob/x", {"aws:username": ["Bob"]}, True),
        ("s3:PutObject", "arn:aws:s3:::bucket/home/Bobby/x", {"aws:username": ["Bob"]}, False)]),
    "s3_deny-except-bucket": ([allow("s3:*", ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]), deny(None, None, NotAction="s3:*", NotResource=["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]), allow("sqs:*")], [
        ("s3:GetObject", OBJECT, {}, True), ("s3:GetObject", "arn:aws:s3:::other/a", {}, False), ("sqs:SendMessage", QUEUE, {}, False)]),
    "elements_notaction with deny": ([EVERYTHING, deny(None, NotAction="iam:*", condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})], [
        ("iam:GetUser", ME, {"aws:multifactorauthpresent": ["false"]}, True), ("sqs:SendMessage", QUEUE, {"aws:multifactorauthpresent": ["false"]}, False)]),
    "elements_notresource with deny": ([allow("s3:*"), deny("s3:*", None, NotResource=["arn:aws:s3:::HRBucket/Payroll", "arn:aws:s3:::HRBucket/Payroll/*"])], [
        ("s3:GetObject", "arn:aws:s3:::HRBucket/Payroll/may", {}, True), ("s3:GetObject", "arn:aws:s3:::HRBucket/Other", {}, False)]),
    "policies_variables with a default": ([allow("s3:GetObject", "arn:aws:s3:::bucket/${aws:PrincipalTag/team, 'company-wide'}/*")], [
        ("s3:GetObject", "arn:aws:s3:::bucket/yellow/x", {"aws:principaltag/team": ["yellow"]}, True), ("s3:GetObject", "arn:aws:s3:::bucket/company-wide/x", {}, True),
        ("s3:GetObject", "arn:aws:s3:::bucket/company-wide/x", {"aws:principaltag/team": ["yellow"]}, False)]),
    "condition-keys, SourceIp through a service": ([allow("s3:*", condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})], [
        ("s3:GetObject", OBJECT, {"aws:sourceip": ["203.0.113.7"]}, True), ("s3:GetObject", OBJECT, {}, False)]),
    "condition-keys, Null asks for presence": ([allow("sqs:*", condition={"Null": {"aws:TokenIssueTime": "false"}})], [
        ("sqs:SendMessage", QUEUE, {"aws:tokenissuetime": ["2020-01-01T00:00:00Z"]}, True), ("sqs:SendMessage", QUEUE, {}, False)]),
}


def cases():
    """(page, case, is it allowed?)"""
    for page, (statements, questions) in EXAMPLES.items():
        for action, resource, context, allowed in questions:
            identity = [{"Version": "2012-10-17", "Statement": statements}]
            yield page, {**CASE, "action": action, "resource": resource, "context": context, "identity": identity}, allowed
