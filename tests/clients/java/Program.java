// The common client program in Java; see ../README.md for its steps.
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.ChecksumMode;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.S3Object;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueDoesNotExistException;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.transfer.s3.S3TransferManager;

public class Program {
    static final int MIB = 1 << 20;
    static final StaticCredentialsProvider KEYS = StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"));

    static void say(Object... words) {
        List<String> flat = new ArrayList<>();
        for (Object word : words) {
            if (word instanceof List<?> list) list.forEach(each -> flat.add(String.valueOf(each)));
            else flat.add(String.valueOf(word));
        }
        System.out.println(String.join(" ", flat));
    }

    static HttpResponse<String> http(String method, URI uri, String body) throws Exception {
        var content = body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
            .send(HttpRequest.newBuilder(uri).method(method, content).build(), HttpResponse.BodyHandlers.ofString());
    }

    static InputStream stream() {
        byte[] bytes = new byte[12 * MIB];
        for (int i = 0; i < bytes.length; i++) {
            int j = i & 0xffff;
            bytes[i] = (byte) (j * 31 + (j >> 8));
        }
        return new ByteArrayInputStream(bytes);
    }

    static void upload(URI endpoint, String bucket) throws Exception {
        ExecutorService readers = Executors.newSingleThreadExecutor();
        try (S3AsyncClient client = S3AsyncClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).credentialsProvider(KEYS)
                 .forcePathStyle(true).multipartEnabled(true)
                 .multipartConfiguration(c -> c.minimumPartSizeInBytes(5L * MIB).thresholdInBytes(5L * MIB)).build();
             S3TransferManager manager = S3TransferManager.builder().s3Client(client).build()) {
            manager.upload(u -> u.putObjectRequest(r -> r.bucket(bucket).key("stream"))
                .requestBody(AsyncRequestBody.fromInputStream(stream(), null, readers))).completionFuture().join();
        } finally {
            readers.shutdown();
        }
    }

    static void s3Steps(URI endpoint, String bucket) throws Exception {
        StsClient sts = StsClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).credentialsProvider(KEYS)
            .httpClient(UrlConnectionHttpClient.create()).build();
        say("identity", sts.getCallerIdentity().arn());
        S3Client s3 = S3Client.builder().endpointOverride(endpoint).region(Region.US_EAST_1).credentialsProvider(KEYS)
            .forcePathStyle(true).httpClient(UrlConnectionHttpClient.create()).build();
        s3.createBucket(r -> r.bucket(bucket));

        String key = "a/hello +%.txt";
        s3.putObject(r -> r.bucket(bucket).key(key).contentType("text/plain").metadata(Map.of("colour", "deep blue")),
            RequestBody.fromString("hello, cloud"));
        var got = s3.getObjectAsBytes(r -> r.bucket(bucket).key(key).checksumMode(ChecksumMode.ENABLED));
        var is = got.response();
        say("object", got.asUtf8String(), is.contentType(), is.metadata().get("colour"), is.eTag(), is.checksumCRC32());

        upload(endpoint, bucket);
        got = s3.getObjectAsBytes(r -> r.bucket(bucket).key("stream"));
        say("stream", got.response().eTag(), HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(got.asByteArray())));

        got = s3.getObjectAsBytes(r -> r.bucket(bucket).key(key).range("bytes=7-"));
        say("range", got.response().contentRange(), got.asUtf8String());

        try (S3Presigner presigner = S3Presigner.builder().endpointOverride(endpoint).region(Region.US_EAST_1).credentialsProvider(KEYS)
                 .serviceConfiguration(S3Configuration.builder().pathStyleAccessEnabled(true).build()).build()) {
            var put = presigner.presignPutObject(p -> p.signatureDuration(Duration.ofMinutes(1)).putObjectRequest(r -> r.bucket(bucket).key("presigned")));
            say("presigned put", http("PUT", put.url().toURI(), "by a plain client").statusCode());
            var get = presigner.presignGetObject(p -> p.signatureDuration(Duration.ofMinutes(1)).getObjectRequest(r -> r.bucket(bucket).key("presigned")));
            var answer = http("GET", get.url().toURI(), null);
            say("presigned get", answer.statusCode(), answer.body());
        }

        for (int i = 0; i < 25; i++) {
            String each = String.format("list/%02d", i);
            s3.putObject(r -> r.bucket(bucket).key(each), RequestBody.empty());
        }
        List<Integer> sizes = new ArrayList<>();
        List<String> keys = new ArrayList<>();
        for (var page : s3.listObjectsV2Paginator(r -> r.bucket(bucket).prefix("list/").maxKeys(10))) {
            sizes.add(page.contents().size());
            page.contents().stream().map(S3Object::key).forEach(keys::add);
        }
        say("list", sizes, keys.get(0), keys.get(keys.size() - 1), keys.stream().sorted().toList().equals(keys));

        s3.copyObject(r -> r.sourceBucket(bucket).sourceKey(key).destinationBucket(bucket).destinationKey("copy"));
        var head = s3.headObject(r -> r.bucket(bucket).key("copy"));
        say("copy", head.contentLength(), head.metadata().get("colour"), head.eTag());

        List<ObjectIdentifier> doomed = keys.stream().map(k -> ObjectIdentifier.builder().key(k).build()).toList();
        var deleted = s3.deleteObjects(r -> r.bucket(bucket).delete(d -> d.objects(doomed)));
        say("deleted", deleted.deleted().size(), "left", s3.listObjectsV2(r -> r.bucket(bucket)).keyCount());

        try {
            s3.getObjectAsBytes(r -> r.bucket(bucket).key("list/00"));
        } catch (NoSuchKeyException e) {
            say("missing", e.awsErrorDetails().errorCode(), e.statusCode());
        }
    }

    static List<String> sorted(java.util.stream.Stream<String> ids) {
        return ids.sorted().collect(Collectors.toList());
    }

    static void sqsSteps(URI endpoint, String name) throws Exception {
        SqsClient sqs = SqsClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).credentialsProvider(KEYS)
            .httpClient(UrlConnectionHttpClient.create()).build();
        String queue = sqs.createQueue(r -> r.queueName(name).attributes(Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "45"))).queueUrl();
        String[] parts = queue.split("/");
        say("queue", sqs.getQueueUrl(r -> r.queueName(name)).queueUrl().equals(queue), parts[parts.length - 2]);
        say("attributes", sqs.getQueueAttributes(r -> r.queueUrl(queue).attributeNames(QueueAttributeName.VISIBILITY_TIMEOUT))
            .attributes().get(QueueAttributeName.VISIBILITY_TIMEOUT));

        var sent = sqs.sendMessage(r -> r.queueUrl(queue).messageBody("hello, queue").messageAttributes(Map.of(
            "colour", MessageAttributeValue.builder().dataType("String").stringValue("blue").build(),
            "weight", MessageAttributeValue.builder().dataType("Number").stringValue("12.5").build(),
            "bytes", MessageAttributeValue.builder().dataType("Binary").binaryValue(SdkBytes.fromByteArray(new byte[] {0, -1})).build())));
        say("sent", sent.md5OfMessageBody(), sent.md5OfMessageAttributes());
        Message m = sqs.receiveMessage(r -> r.queueUrl(queue).messageAttributeNames("All")
            .messageSystemAttributeNames(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT)).messages().get(0);
        var a = m.messageAttributes();
        say("received", m.body(), a.get("colour").stringValue(), a.get("weight").stringValue(),
            HexFormat.of().formatHex(a.get("bytes").binaryValue().asByteArray()), m.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT));
        String handle = m.receiptHandle();
        sqs.deleteMessage(r -> r.queueUrl(queue).receiptHandle(handle));

        // The receiver waits before there is anything: long polling must wake up.
        Thread late = new Thread(() -> {
            try {
                Thread.sleep(700);
            } catch (InterruptedException e) {
                return;
            }
            sqs.sendMessage(r -> r.queueUrl(queue).messageBody("late"));
        });
        late.start();
        long begun = System.nanoTime();
        m = sqs.receiveMessage(r -> r.queueUrl(queue).waitTimeSeconds(10)).messages().get(0);
        long waitedMs = (System.nanoTime() - begun) / 1_000_000;
        say("waited", m.body(), 500 < waitedMs && waitedMs < 9000);
        String lateHandle = m.receiptHandle();
        sqs.deleteMessage(r -> r.queueUrl(queue).receiptHandle(lateHandle));
        late.join();

        var answer = sqs.sendMessageBatch(r -> r.queueUrl(queue).entries(
            SendMessageBatchRequestEntry.builder().id("good").messageBody("one").build(),
            SendMessageBatchRequestEntry.builder().id("bad").messageBody("two").delaySeconds(1000).build(),
            SendMessageBatchRequestEntry.builder().id("fine").messageBody("three").build()));
        var failed = answer.failed().get(0);
        say("batch", sorted(answer.successful().stream().map(e -> e.id())), failed.id(), failed.code(), failed.senderFault());
        Map<String, String> got = new TreeMap<>();
        while (got.size() < 2)
            for (Message each : sqs.receiveMessage(r -> r.queueUrl(queue).maxNumberOfMessages(10).waitTimeSeconds(2)).messages())
                got.put(each.body(), each.receiptHandle());
        List<DeleteMessageBatchRequestEntry> doomed = got.entrySet().stream()
            .map(e -> DeleteMessageBatchRequestEntry.builder().id(e.getKey()).receiptHandle(e.getValue()).build()).toList();
        say("batch deleted", sorted(sqs.deleteMessageBatch(r -> r.queueUrl(queue).entries(doomed)).successful().stream().map(e -> e.id())));

        sqs.deleteQueue(r -> r.queueUrl(queue));
        try {
            sqs.getQueueUrl(r -> r.queueName(name + "-never"));
        } catch (QueueDoesNotExistException e) {
            say("missing", e.awsErrorDetails().errorCode(), e.statusCode());
        }
    }

    public static void main(String[] arguments) throws Exception {
        URI endpoint = URI.create(arguments[1]);
        if (arguments[0].equals("dynamodb")) Items.steps(endpoint, arguments[2]);
        else if (arguments[0].equals("s3")) s3Steps(endpoint, arguments[2]);
        else sqsSteps(endpoint, arguments[2]);
        System.exit(0);
    }
}
