// The common client program in JavaScript; see ../README.md for its steps.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  ConditionalCheckFailedException, DynamoDB, ResourceNotFoundException, TransactionCanceledException, waitUntilTableExists, waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import { S3, NoSuchKey, GetObjectCommand, PutObjectCommand, paginateListObjectsV2 } from "@aws-sdk/client-s3";
import { SQS, QueueDoesNotExist } from "@aws-sdk/client-sqs";
import { STS } from "@aws-sdk/client-sts";
import { DynamoDBDocument, ExecuteStatementCommand, paginateScan } from "@aws-sdk/lib-dynamodb";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const MIB = 1 << 20;
const [steps, endpoint, name] = process.argv.slice(2);
const config = { endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" }, maxAttempts: 1 };

function say(...words) {
  console.log(words.flat().join(" "));
}

async function* stream() {
  const block = Buffer.alloc(1 << 16);
  for (let i = 0; i < block.length; i++) block[i] = (i * 31 + (i >> 8)) & 255;
  for (let sent = 0; sent < 12 * MIB; sent += block.length) yield block;
}

async function sha256(body) {
  const hash = createHash("sha256");
  for await (const chunk of body) hash.update(chunk);
  return hash.digest("hex");
}

async function http(method, url, body) {
  const answer = await fetch(url, { method, body });
  return [answer.status, await answer.text()];
}

async function s3Steps(bucket) {
  say("identity", (await new STS(config).getCallerIdentity({})).Arn);
  const s3 = new S3({ ...config, forcePathStyle: true });
  await s3.createBucket({ Bucket: bucket });

  const Key = "a/hello +%.txt";
  await s3.putObject({ Bucket: bucket, Key, Body: "hello, cloud", ContentType: "text/plain", Metadata: { colour: "deep blue" } });
  let got = await s3.getObject({ Bucket: bucket, Key, ChecksumMode: "ENABLED" });
  say("object", await got.Body.transformToString(), got.ContentType, got.Metadata.colour, got.ETag, got.ChecksumCRC32);

  const upload = new Upload({ client: s3, params: { Bucket: bucket, Key: "stream", Body: Readable.from(stream()) }, partSize: 5 * MIB });
  await upload.done();
  got = await s3.getObject({ Bucket: bucket, Key: "stream" });
  say("stream", got.ETag, await sha256(got.Body));

  got = await s3.getObject({ Bucket: bucket, Key, Range: "bytes=7-" });
  say("range", got.ContentRange, await got.Body.transformToString());

  let url = await getSignedUrl(s3, new PutObjectCommand({ Bucket: bucket, Key: "presigned" }), { expiresIn: 60 });
  say("presigned put", (await http("PUT", url, "by a plain client"))[0]);
  url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: bucket, Key: "presigned" }), { expiresIn: 60 });
  say("presigned get", await http("GET", url));

  for (let i = 0; i < 25; i++) await s3.putObject({ Bucket: bucket, Key: `list/${String(i).padStart(2, "0")}`, Body: Buffer.alloc(0) });
  const sizes = [], keys = [];
  for await (const page of paginateListObjectsV2({ client: s3, pageSize: 10 }, { Bucket: bucket, Prefix: "list/" })) {
    sizes.push(page.Contents.length);
    keys.push(...page.Contents.map((o) => o.Key));
  }
  say("list", sizes, keys[0], keys.at(-1), keys.every((k, i) => !i || keys[i - 1] < k));

  await s3.copyObject({ Bucket: bucket, Key: "copy", CopySource: `${bucket}/${encodeURIComponent(Key)}` });
  const head = await s3.headObject({ Bucket: bucket, Key: "copy" });
  say("copy", head.ContentLength, head.Metadata.colour, head.ETag);

  const answer = await s3.deleteObjects({ Bucket: bucket, Delete: { Objects: keys.map((k) => ({ Key: k })) } });
  say("deleted", answer.Deleted.length, "left", (await s3.listObjectsV2({ Bucket: bucket })).KeyCount);

  try {
    await s3.getObject({ Bucket: bucket, Key: "list/00" });
  } catch (e) {
    if (!(e instanceof NoSuchKey)) throw e;
    say("missing", e.name, e.$metadata.httpStatusCode);
  }
}

async function sqsSteps(QueueName) {
  const sqs = new SQS(config);
  const { QueueUrl } = await sqs.createQueue({ QueueName, Attributes: { VisibilityTimeout: "45" } });
  say("queue", (await sqs.getQueueUrl({ QueueName })).QueueUrl === QueueUrl, QueueUrl.split("/").at(-2));
  say("attributes", (await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["VisibilityTimeout"] })).Attributes.VisibilityTimeout);

  const sent = await sqs.sendMessage({
    QueueUrl, MessageBody: "hello, queue",
    MessageAttributes: {
      colour: { DataType: "String", StringValue: "blue" },
      weight: { DataType: "Number", StringValue: "12.5" },
      bytes: { DataType: "Binary", BinaryValue: Uint8Array.of(0, 255) },
    },
  });
  say("sent", sent.MD5OfMessageBody, sent.MD5OfMessageAttributes);
  let [m] = (await sqs.receiveMessage({ QueueUrl, MessageAttributeNames: ["All"], AttributeNames: ["ApproximateReceiveCount"] })).Messages;
  const a = m.MessageAttributes;
  say("received", m.Body, a.colour.StringValue, a.weight.StringValue, Buffer.from(a.bytes.BinaryValue).toString("hex"), m.Attributes.ApproximateReceiveCount);
  await sqs.deleteMessage({ QueueUrl, ReceiptHandle: m.ReceiptHandle });

  // The receiver waits before there is anything: long polling must wake up.
  setTimeout(() => new SQS(config).sendMessage({ QueueUrl, MessageBody: "late" }), 700);
  const begun = Date.now();
  [m] = (await sqs.receiveMessage({ QueueUrl, WaitTimeSeconds: 10 })).Messages;
  const waited = Date.now() - begun;
  say("waited", m.Body, 500 < waited && waited < 9000);
  await sqs.deleteMessage({ QueueUrl, ReceiptHandle: m.ReceiptHandle });

  const answer = await sqs.sendMessageBatch({
    QueueUrl, Entries: [
      { Id: "good", MessageBody: "one" }, { Id: "bad", MessageBody: "two", DelaySeconds: 1000 }, { Id: "fine", MessageBody: "three" }],
  });
  const [failed] = answer.Failed;
  say("batch", answer.Successful.map((e) => e.Id).sort(), failed.Id, failed.Code, failed.SenderFault);
  const got = new Map();
  while (got.size < 2) {
    const { Messages } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 2 });
    for (const each of Messages ?? []) got.set(each.Body, each.ReceiptHandle);
  }
  const gone = await sqs.deleteMessageBatch({ QueueUrl, Entries: [...got].map(([Id, ReceiptHandle]) => ({ Id, ReceiptHandle })) });
  say("batch deleted", gone.Successful.map((e) => e.Id).sort());

  await sqs.deleteQueue({ QueueUrl });
  try {
    await sqs.getQueueUrl({ QueueName: QueueName + "-never" });
  } catch (e) {
    if (!(e instanceof QueueDoesNotExist)) throw e;
    say("missing", e.Code ?? e.name, e.$metadata.httpStatusCode);
  }
}

// By the document client, which speaks JavaScript's own types.
async function dynamodbSteps(TableName) {
  const dynamodb = new DynamoDB(config);
  const table = DynamoDBDocument.from(dynamodb);
  await dynamodb.createTable({
    TableName, BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "p", AttributeType: "S" }, { AttributeName: "s", AttributeType: "N" }],
    KeySchema: [{ AttributeName: "p", KeyType: "HASH" }, { AttributeName: "s", KeyType: "RANGE" }],
  });
  await waitUntilTableExists({ client: dynamodb, maxWaitTime: 30, minDelay: 1 }, { TableName });
  say("table", (await dynamodb.describeTable({ TableName })).Table.TableStatus);
  const Key = { p: "user", s: 1 };
  await table.put({
    TableName, Item: {
      ...Key, name: "Ada", score: 12.5, tags: new Set(["a", "b"]), raw: Uint8Array.of(0, 255), count: 1,
      nested: { list: [1, "two", null, true] },
    },
  });
  const { Item } = await table.get({ TableName, Key, ConsistentRead: true });
  const { list } = Item.nested;
  say("item", Item.name, Item.score, [...Item.tags].sort(), Buffer.from(Item.raw).toString("hex"), list[0], list[1], list[2] === null, list[3]);

  const { Attributes } = await table.update({
    TableName, Key, UpdateExpression: "SET #c = #c + :one REMOVE score", ConditionExpression: "#n = :ada", ReturnValues: "ALL_NEW",
    ExpressionAttributeNames: { "#c": "count", "#n": "name" }, ExpressionAttributeValues: { ":one": 1, ":ada": "Ada" },
  });
  say("updated", Attributes.count, "score" in Attributes);
  try {
    await table.put({ TableName, Item: Key, ConditionExpression: "attribute_not_exists(p)" });
  } catch (e) {
    if (!(e instanceof ConditionalCheckFailedException)) throw e;
    say("refused", e.name, e.$metadata.httpStatusCode);
  }

  for (let from = 0; from < 30; from += 25) {
    const PutRequests = [];
    for (let i = from; i < Math.min(30, from + 25); i++) PutRequests.push({ PutRequest: { Item: { p: "batch", s: i } } });
    await table.batchWrite({ RequestItems: { [TableName]: PutRequests } });
  }
  const found = (await table.query({
    TableName, KeyConditionExpression: "p = :p AND s BETWEEN :low AND :high", ScanIndexForward: false,
    ExpressionAttributeValues: { ":p": "batch", ":low": 10, ":high": 19 },
  })).Items;
  say("query", found.length, found[0].s, found[found.length - 1].s);
  let scanned = 0, pages = 0;
  for await (const page of paginateScan({ client: table, pageSize: 7 }, { TableName, FilterExpression: "s < :most", ExpressionAttributeValues: { ":most": 20 } })) {
    scanned += page.Count;
    pages++;
  }
  say("scan", scanned, pages);
  try {
    await table.transactWrite({
      TransactItems: [
        { Put: { TableName, Item: { p: "never", s: 1 } } },
        { ConditionCheck: { TableName, Key, ConditionExpression: "attribute_exists(score)" } }],
    });
  } catch (e) {
    if (!(e instanceof TransactionCanceledException)) throw e;
    say("cancelled", e.CancellationReasons.map((reason) => reason.Code));
  }
  say("statement", (await table.send(new ExecuteStatementCommand({ Statement: `SELECT s FROM "${TableName}" WHERE p = ?`, Parameters: ["batch"] }))).Items.length);
  await dynamodb.deleteTable({ TableName });
  await waitUntilTableNotExists({ client: dynamodb, maxWaitTime: 30, minDelay: 1 }, { TableName });
  try {
    await dynamodb.describeTable({ TableName });
  } catch (e) {
    if (!(e instanceof ResourceNotFoundException)) throw e;
    say("missing", e.name, e.$metadata.httpStatusCode);
  }
}

await { dynamodb: dynamodbSteps, s3: s3Steps, sqs: sqsSteps }[steps](name);
