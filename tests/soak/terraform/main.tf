# An application as its owner would describe it: every kind of resource that brume's services have, wired together.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "endpoint" { default = "http://localhost:4566" }
variable "name" { default = "tf-app" }
# S3 Control's SDK puts the account before the host name: 000000000000.localhost must then be this machine.
variable "s3control" { default = true }
provider "aws" {
  region            = "us-east-1"
  access_key        = "test"
  secret_key        = "test"
  s3_use_path_style = true
  default_tags { tags = { Project = var.name } }
  endpoints {
    account        = var.endpoint
    appautoscaling = var.endpoint
    cloudtrail     = var.endpoint
    cloudwatch     = var.endpoint
    dynamodb       = var.endpoint
    events         = var.endpoint
    iam            = var.endpoint
    kms            = var.endpoint
    logs           = var.endpoint
    organizations  = var.endpoint
    pipes          = var.endpoint
    s3             = var.endpoint
    s3control      = var.endpoint
    scheduler      = var.endpoint
    sns            = var.endpoint
    sqs            = var.endpoint
    sts            = var.endpoint
  }
}
data "aws_caller_identity" "me" {}

resource "aws_kms_key" "k" {
  description             = "the application's key"
  deletion_window_in_days = 7
  enable_key_rotation     = true
}
resource "aws_kms_alias" "k" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.k.key_id
}
resource "aws_kms_grant" "g" {
  name              = "g"
  key_id            = aws_kms_key.k.key_id
  grantee_principal = aws_iam_role.app.arn
  operations        = ["Encrypt", "Decrypt"]
}

# S3
resource "aws_s3_bucket" "data" {
  bucket        = "${var.name}-data"
  force_destroy = true
}
resource "aws_s3_bucket_versioning" "data" {
  bucket = aws_s3_bucket.data.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket_server_side_encryption_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.k.arn
    }
    bucket_key_enabled = true
  }
}
resource "aws_s3_bucket_lifecycle_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  rule {
    id     = "old"
    status = "Enabled"
    filter { prefix = "logs/" }
    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }
    expiration { days = 90 }
    noncurrent_version_expiration { noncurrent_days = 30 }
  }
  rule {
    id     = "parts"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload { days_after_initiation = 7 }
  }
}
resource "aws_s3_bucket_public_access_block" "data" {
  bucket                  = aws_s3_bucket.data.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
resource "aws_s3_bucket_ownership_controls" "data" {
  bucket = aws_s3_bucket.data.id
  rule { object_ownership = "BucketOwnerEnforced" }
}
resource "aws_s3_bucket_cors_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  cors_rule {
    allowed_methods = ["GET", "PUT"]
    allowed_origins = ["https://example.com"]
    allowed_headers = ["*"]
    expose_headers  = ["ETag"]
    max_age_seconds = 300
  }
}
resource "aws_s3_bucket_policy" "data" {
  bucket = aws_s3_bucket.data.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "app", Effect = "Allow", Principal = { AWS = aws_iam_role.app.arn }
      Action   = ["s3:GetObject", "s3:ListBucket"]
      Resource = [aws_s3_bucket.data.arn, "${aws_s3_bucket.data.arn}/*"]
    }]
  })
}
resource "aws_s3_bucket_website_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  index_document { suffix = "index.html" }
  error_document { key = "error.html" }
}
resource "aws_s3_bucket_logging" "data" {
  bucket        = aws_s3_bucket.data.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = "log/"
}
resource "aws_s3_bucket_metric" "data" {
  bucket = aws_s3_bucket.data.id
  name   = "all"
}
resource "aws_s3_bucket_intelligent_tiering_configuration" "data" {
  bucket = aws_s3_bucket.data.id
  name   = "all"
  tiering {
    access_tier = "ARCHIVE_ACCESS"
    days        = 125
  }
}
resource "aws_s3_bucket_inventory" "data" {
  bucket                   = aws_s3_bucket.data.id
  name                     = "weekly"
  included_object_versions = "All"
  schedule { frequency = "Weekly" }
  destination {
    bucket {
      format     = "CSV"
      bucket_arn = aws_s3_bucket.logs.arn
    }
  }
}
resource "aws_s3_bucket_notification" "data" {
  bucket      = aws_s3_bucket.data.id
  eventbridge = true
  queue {
    queue_arn     = aws_sqs_queue.work.arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = "in/"
  }
  topic {
    topic_arn = aws_sns_topic.news.arn
    events    = ["s3:ObjectRemoved:*"]
  }
  depends_on = [aws_sqs_queue_policy.work, aws_sns_topic_policy.news]
}
resource "aws_s3_object" "o" {
  bucket       = aws_s3_bucket.data.id
  key          = "in/hello.txt"
  content      = "hello"
  content_type = "text/plain"
  tags         = { kind = "greeting" }
  depends_on   = [aws_s3_bucket_notification.data, aws_s3_bucket_server_side_encryption_configuration.data, aws_s3_bucket_versioning.data]
}
resource "aws_s3_bucket" "logs" {
  bucket        = "${var.name}-logs"
  force_destroy = true
}
resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = { Service = "logging.s3.amazonaws.com" }, Action = "s3:PutObject", Resource = "${aws_s3_bucket.logs.arn}/*" },
      { Effect = "Allow", Principal = { Service = "s3.amazonaws.com" }, Action = "s3:PutObject", Resource = "${aws_s3_bucket.logs.arn}/*" },
      { Effect = "Allow", Principal = { Service = "cloudtrail.amazonaws.com" }, Action = "s3:GetBucketAcl", Resource = aws_s3_bucket.logs.arn },
      { Effect = "Allow", Principal = { Service = "cloudtrail.amazonaws.com" }, Action = "s3:PutObject", Resource = "${aws_s3_bucket.logs.arn}/*" },
    ]
  })
}
resource "aws_s3_bucket" "locked" {
  bucket              = "${var.name}-locked"
  object_lock_enabled = true
  force_destroy       = true
}
resource "aws_s3_bucket_object_lock_configuration" "locked" {
  bucket = aws_s3_bucket.locked.id
  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = 1
    }
  }
}
resource "aws_s3_access_point" "ap" {
  count  = var.s3control ? 1 : 0
  bucket = aws_s3_bucket.data.id
  name   = "${var.name}-ap"
}
resource "aws_s3_account_public_access_block" "account" {
  count             = var.s3control ? 1 : 0
  block_public_acls = true
}

# Queues and topics
resource "aws_sqs_queue" "dead" { name = "${var.name}-dead" }
resource "aws_sqs_queue" "work" {
  name                       = "${var.name}-work"
  visibility_timeout_seconds = 60
  message_retention_seconds  = 86400
  receive_wait_time_seconds  = 10
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 3 })
  sqs_managed_sse_enabled    = true
}
resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  queue_url            = aws_sqs_queue.dead.id
  redrive_allow_policy = jsonencode({ redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.work.arn] })
}
resource "aws_sqs_queue" "fifo" {
  name                        = "${var.name}.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
  kms_master_key_id           = aws_kms_key.k.id
  deduplication_scope         = "messageGroup"
  fifo_throughput_limit       = "perMessageGroupId"
}
resource "aws_sqs_queue_policy" "work" {
  queue_url = aws_sqs_queue.work.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = ["s3.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com"] }, Action = "sqs:SendMessage", Resource = aws_sqs_queue.work.arn }]
  })
}
resource "aws_sns_topic" "news" {
  name         = "${var.name}-news"
  display_name = "News"
}
resource "aws_sns_topic_policy" "news" {
  arn = aws_sns_topic.news.arn
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = ["s3.amazonaws.com", "cloudwatch.amazonaws.com", "events.amazonaws.com"] }, Action = "sns:Publish", Resource = aws_sns_topic.news.arn }]
  })
}
resource "aws_sns_topic" "fifo" {
  name                        = "${var.name}.fifo"
  fifo_topic                  = true
  content_based_deduplication = true
}
resource "aws_sns_topic_subscription" "work" {
  topic_arn            = aws_sns_topic.news.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.work.arn
  raw_message_delivery = true
  filter_policy        = jsonencode({ kind = ["a", { prefix = "b" }] })
}

# DynamoDB
resource "aws_dynamodb_table" "items" {
  name             = "${var.name}-items"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "pk"
  range_key        = "sk"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"
  attribute {
    name = "pk"
    type = "S"
  }
  attribute {
    name = "sk"
    type = "S"
  }
  attribute {
    name = "gsi"
    type = "N"
  }
  global_secondary_index {
    name               = "by-gsi"
    hash_key           = "gsi"
    projection_type    = "INCLUDE"
    non_key_attributes = ["a"]
  }
  local_secondary_index {
    name            = "local"
    range_key       = "gsi"
    projection_type = "KEYS_ONLY"
  }
  ttl {
    attribute_name = "expires"
    enabled        = true
  }
  point_in_time_recovery { enabled = true }
  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.k.arn
  }
}
resource "aws_dynamodb_table" "provisioned" {
  name           = "${var.name}-provisioned"
  read_capacity  = 5
  write_capacity = 5
  hash_key       = "pk"
  attribute {
    name = "pk"
    type = "S"
  }
}
resource "aws_appautoscaling_target" "reads" {
  service_namespace  = "dynamodb"
  resource_id        = "table/${aws_dynamodb_table.provisioned.name}"
  scalable_dimension = "dynamodb:table:ReadCapacityUnits"
  min_capacity       = 5
  max_capacity       = 50
}
resource "aws_appautoscaling_policy" "reads" {
  name               = "reads"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.reads.service_namespace
  resource_id        = aws_appautoscaling_target.reads.resource_id
  scalable_dimension = aws_appautoscaling_target.reads.scalable_dimension
  target_tracking_scaling_policy_configuration {
    predefined_metric_specification { predefined_metric_type = "DynamoDBReadCapacityUtilization" }
    target_value = 70
  }
}
resource "aws_dynamodb_table_item" "i" {
  table_name = aws_dynamodb_table.provisioned.name
  hash_key   = "pk"
  item       = jsonencode({ pk = { S = "1" }, n = { N = "1.5" } })
}

# IAM
resource "aws_iam_role" "app" {
  name = "${var.name}-app"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = ["lambda.amazonaws.com", "scheduler.amazonaws.com", "pipes.amazonaws.com", "cloudtrail.amazonaws.com", "events.amazonaws.com"] }, Action = "sts:AssumeRole" }]
  })
  max_session_duration = 7200
  inline_policy {
    name   = "queue"
    policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["sqs:*", "dynamodb:*", "logs:*"], Resource = "*" }] })
  }
}
resource "aws_iam_policy" "read" {
  name   = "${var.name}-read"
  path   = "/app/"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "${aws_s3_bucket.data.arn}/*" }] })
}
resource "aws_iam_role_policy_attachment" "read" {
  role       = aws_iam_role.app.name
  policy_arn = aws_iam_policy.read.arn
}
resource "aws_iam_role_policy_attachment" "managed" {
  role       = aws_iam_role.app.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}
resource "aws_iam_user" "u" {
  name          = "${var.name}-user"
  force_destroy = true
}
resource "aws_iam_access_key" "u" { user = aws_iam_user.u.name }
resource "aws_iam_group" "g" { name = "${var.name}-group" }
resource "aws_iam_group_membership" "g" {
  name  = "m"
  group = aws_iam_group.g.name
  users = [aws_iam_user.u.name]
}
resource "aws_iam_group_policy" "g" {
  name   = "p"
  group  = aws_iam_group.g.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sqs:*", Resource = "*" }] })
}
resource "aws_iam_user_policy_attachment" "u" {
  user       = aws_iam_user.u.name
  policy_arn = aws_iam_policy.read.arn
}
resource "aws_iam_instance_profile" "p" {
  name = "${var.name}-profile"
  role = aws_iam_role.app.name
}
resource "aws_iam_account_password_policy" "strict" {
  minimum_password_length = 12
  require_symbols         = true
}
resource "aws_iam_openid_connect_provider" "oidc" {
  url             = "https://token.actions.githubusercontent.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
}
resource "aws_iam_user_login_profile" "u" {
  user = aws_iam_user.u.name
}

# Events, schedules, pipes
resource "aws_cloudwatch_event_bus" "app" { name = var.name }
resource "aws_cloudwatch_event_rule" "r" {
  name           = "${var.name}-rule"
  event_bus_name = aws_cloudwatch_event_bus.app.name
  event_pattern  = jsonencode({ source = ["app"], detail = { n = [{ numeric = [">", 5] }] } })
}
resource "aws_cloudwatch_event_target" "t" {
  rule           = aws_cloudwatch_event_rule.r.name
  event_bus_name = aws_cloudwatch_event_bus.app.name
  arn            = aws_sqs_queue.work.arn
  input_transformer {
    input_paths    = { n = "$.detail.n" }
    input_template = "\"n is <n>\""
  }
  retry_policy {
    maximum_retry_attempts       = 3
    maximum_event_age_in_seconds = 600
  }
  dead_letter_config { arn = aws_sqs_queue.dead.arn }
}
resource "aws_cloudwatch_event_rule" "cron" {
  name                = "${var.name}-cron"
  schedule_expression = "rate(5 minutes)"
}
resource "aws_cloudwatch_event_archive" "a" {
  name             = "${var.name}-archive"
  event_source_arn = aws_cloudwatch_event_bus.app.arn
  retention_days   = 7
}
resource "aws_cloudwatch_event_connection" "c" {
  name               = "${var.name}-connection"
  authorization_type = "API_KEY"
  auth_parameters {
    api_key {
      key   = "x-key"
      value = "secret"
    }
  }
}
resource "aws_cloudwatch_event_api_destination" "d" {
  name                = "${var.name}-destination"
  invocation_endpoint = "http://127.0.0.1:9/"
  http_method         = "POST"
  connection_arn      = aws_cloudwatch_event_connection.c.arn
}
resource "aws_scheduler_schedule_group" "g" { name = var.name }
resource "aws_scheduler_schedule" "s" {
  name       = "${var.name}-nightly"
  group_name = aws_scheduler_schedule_group.g.name
  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 15
  }
  schedule_expression          = "cron(0 3 * * ? *)"
  schedule_expression_timezone = "Europe/Berlin"
  target {
    arn      = aws_sqs_queue.work.arn
    role_arn = aws_iam_role.app.arn
    input    = jsonencode({ a = 1 })
  }
}
resource "aws_pipes_pipe" "p" {
  name     = "${var.name}-pipe"
  role_arn = aws_iam_role.app.arn
  source   = aws_sqs_queue.dead.arn
  target   = aws_sqs_queue.work.arn
  source_parameters {
    filter_criteria {
      filter { pattern = jsonencode({ body = { a = [1] } }) }
    }
  }
}

# Logs, metrics, audit
resource "aws_cloudwatch_log_group" "l" {
  name              = "/app/${var.name}"
  retention_in_days = 14
}
resource "aws_cloudwatch_log_stream" "s" {
  name           = "main"
  log_group_name = aws_cloudwatch_log_group.l.name
}
resource "aws_cloudwatch_log_metric_filter" "f" {
  name           = "errors"
  pattern        = "ERROR"
  log_group_name = aws_cloudwatch_log_group.l.name
  metric_transformation {
    name      = "Errors"
    namespace = var.name
    value     = "1"
  }
}
resource "aws_cloudwatch_query_definition" "q" {
  name         = "errors"
  query_string = "fields @timestamp | filter @message like /ERROR/"
}
resource "aws_cloudwatch_metric_alarm" "a" {
  alarm_name          = "${var.name}-errors"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  evaluation_periods  = 2
  metric_name         = "Errors"
  namespace           = var.name
  period              = 60
  statistic           = "Sum"
  threshold           = 1
  alarm_actions       = [aws_sns_topic.news.arn]
  treat_missing_data  = "notBreaching"
}
resource "aws_cloudwatch_metric_alarm" "math" {
  alarm_name          = "${var.name}-math"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  threshold           = 10
  metric_query {
    id          = "e"
    expression  = "m * 2"
    return_data = true
  }
  metric_query {
    id = "m"
    metric {
      metric_name = "Errors"
      namespace   = var.name
      period      = 60
      stat        = "Sum"
    }
  }
}
resource "aws_cloudwatch_composite_alarm" "c" {
  alarm_name = "${var.name}-both"
  alarm_rule = "ALARM(${aws_cloudwatch_metric_alarm.a.alarm_name}) OR ALARM(${aws_cloudwatch_metric_alarm.math.alarm_name})"
}
resource "aws_cloudwatch_dashboard" "d" {
  dashboard_name = var.name
  dashboard_body = jsonencode({ widgets = [{ type = "text", x = 0, y = 0, width = 3, height = 3, properties = { markdown = "Hello" } }] })
}
resource "aws_cloudtrail" "t" {
  name                       = var.name
  s3_bucket_name             = aws_s3_bucket.logs.id
  is_multi_region_trail      = true
  enable_log_file_validation = true
  event_selector {
    read_write_type           = "All"
    include_management_events = true
    data_resource {
      type   = "AWS::S3::Object"
      values = ["${aws_s3_bucket.data.arn}/"]
    }
  }
  depends_on = [aws_s3_bucket_policy.logs]
}
output "account" { value = data.aws_caller_identity.me.account_id }
