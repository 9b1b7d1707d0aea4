// The common client program in Go; see ../README.md for its steps.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

const mib = 1 << 20

var ctx = context.Background()

// must ends the program at the first call that fails: the test shows the message.
func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func status(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return err.Error()
}

func plain(method, address, body string) (int, string) {
	request := must(http.NewRequest(method, address, strings.NewReader(body)))
	answer := must(http.DefaultClient.Do(request))
	defer answer.Body.Close()
	return answer.StatusCode, string(must(io.ReadAll(answer.Body)))
}

func stream() io.Reader {
	block := make([]byte, 1<<16)
	for i := range block {
		block[i] = byte(i*31 + i>>8)
	}
	// Hidden behind a bare Reader, so that nobody can seek in it.
	return struct{ io.Reader }{bytes.NewReader(bytes.Repeat(block, 12*mib/len(block)))}
}

func s3Steps(config aws.Config, bucket string) {
	fmt.Println("identity", *must(sts.NewFromConfig(config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})).Arn)
	client := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	must(client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket}))

	key := aws.String("a/hello +%.txt")
	must(client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: key, Body: strings.NewReader("hello, cloud"),
		ContentType: aws.String("text/plain"), Metadata: map[string]string{"colour": "deep blue"}}))
	got := must(client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: key, ChecksumMode: s3types.ChecksumModeEnabled}))
	fmt.Println("object", string(must(io.ReadAll(got.Body))), *got.ContentType, got.Metadata["colour"], *got.ETag, *got.ChecksumCRC32)

	manager := transfermanager.New(client, func(o *transfermanager.Options) {
		o.PartSizeBytes = 5 * mib
		o.MultipartUploadThreshold = 5 * mib
	})
	must(manager.UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &bucket, Key: aws.String("stream"), Body: stream()}))
	got = must(client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("stream")}))
	fmt.Printf("stream %s %x\n", *got.ETag, sha256.Sum256(must(io.ReadAll(got.Body))))

	got = must(client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: key, Range: aws.String("bytes=7-")}))
	fmt.Println("range", *got.ContentRange, string(must(io.ReadAll(got.Body))))

	presigner := s3.NewPresignClient(client, s3.WithPresignExpires(time.Minute))
	put := must(presigner.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("presigned")}))
	answer, _ := plain("PUT", put.URL, "by a plain client")
	fmt.Println("presigned put", answer)
	get := must(presigner.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("presigned")}))
	answer, body := plain("GET", get.URL, "")
	fmt.Println("presigned get", answer, body)

	for i := 0; i < 25; i++ {
		must(client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(fmt.Sprintf("list/%02d", i))}))
	}
	var sizes []string
	var keys []string
	var doomed []s3types.ObjectIdentifier
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: aws.String("list/"), MaxKeys: aws.Int32(10)})
	for pages.HasMorePages() {
		page := must(pages.NextPage(ctx))
		sizes = append(sizes, fmt.Sprint(len(page.Contents)))
		for _, object := range page.Contents {
			keys = append(keys, *object.Key)
			doomed = append(doomed, s3types.ObjectIdentifier{Key: object.Key})
		}
	}
	fmt.Println("list", strings.Join(sizes, " "), keys[0], keys[len(keys)-1], sort.StringsAreSorted(keys))

	must(client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &bucket, Key: aws.String("copy"), CopySource: aws.String(bucket + "/" + url.PathEscape(*key))}))
	head := must(client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: aws.String("copy")}))
	fmt.Println("copy", *head.ContentLength, head.Metadata["colour"], *head.ETag)

	deleted := must(client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &s3types.Delete{Objects: doomed}}))
	left := must(client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket}))
	fmt.Println("deleted", len(deleted.Deleted), "left", *left.KeyCount)

	_, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("list/00")})
	var missing *s3types.NoSuchKey
	if errors.As(err, &missing) {
		fmt.Println("missing", missing.ErrorCode(), status(err))
	}
}

func sqsSteps(config aws.Config, name string) {
	client := sqs.NewFromConfig(config)
	queue := must(client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"VisibilityTimeout": "45"}})).QueueUrl
	again := must(client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})).QueueUrl
	parts := strings.Split(*queue, "/")
	fmt.Println("queue", *again == *queue, parts[len(parts)-2])
	attributes := must(client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: queue,
		AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameVisibilityTimeout}})).Attributes
	fmt.Println("attributes", attributes["VisibilityTimeout"])

	sent := must(client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("hello, queue"),
		MessageAttributes: map[string]sqstypes.MessageAttributeValue{
			"colour": {DataType: aws.String("String"), StringValue: aws.String("blue")},
			"weight": {DataType: aws.String("Number"), StringValue: aws.String("12.5")},
			"bytes":  {DataType: aws.String("Binary"), BinaryValue: []byte{0, 255}},
		}}))
	fmt.Println("sent", *sent.MD5OfMessageBody, *sent.MD5OfMessageAttributes)
	m := must(client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: queue, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"ApproximateReceiveCount"}})).Messages[0]
	a := m.MessageAttributes
	fmt.Printf("received %s %s %s %x %s\n", *m.Body, *a["colour"].StringValue, *a["weight"].StringValue, a["bytes"].BinaryValue, m.Attributes["ApproximateReceiveCount"])
	must(client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: m.ReceiptHandle}))

	// The receiver waits before there is anything: long polling must wake up.
	time.AfterFunc(700*time.Millisecond, func() {
		must(client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("late")}))
	})
	begun := time.Now()
	m = must(client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: queue, WaitTimeSeconds: 10})).Messages[0]
	waited := time.Since(begun)
	fmt.Println("waited", *m.Body, waited > 500*time.Millisecond && waited < 9*time.Second)
	must(client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: m.ReceiptHandle}))

	answer := must(client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: queue, Entries: []sqstypes.SendMessageBatchRequestEntry{
		{Id: aws.String("good"), MessageBody: aws.String("one")},
		{Id: aws.String("bad"), MessageBody: aws.String("two"), DelaySeconds: 1000},
		{Id: aws.String("fine"), MessageBody: aws.String("three")},
	}}))
	var ids []string
	for _, entry := range answer.Successful {
		ids = append(ids, *entry.Id)
	}
	sort.Strings(ids)
	failed := answer.Failed[0]
	fmt.Println("batch", strings.Join(ids, " "), *failed.Id, *failed.Code, failed.SenderFault)

	got := map[string]*string{}
	for len(got) < 2 {
		for _, m := range must(client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: queue, MaxNumberOfMessages: 10, WaitTimeSeconds: 2})).Messages {
			got[*m.Body] = m.ReceiptHandle
		}
	}
	var doomed []sqstypes.DeleteMessageBatchRequestEntry
	for body, handle := range got {
		doomed = append(doomed, sqstypes.DeleteMessageBatchRequestEntry{Id: aws.String(body), ReceiptHandle: handle})
	}
	ids = nil
	for _, entry := range must(client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: queue, Entries: doomed})).Successful {
		ids = append(ids, *entry.Id)
	}
	sort.Strings(ids)
	fmt.Println("batch deleted", strings.Join(ids, " "))

	must(client.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: queue}))
	_, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(name + "-never")})
	var missing *sqstypes.QueueDoesNotExist
	if errors.As(err, &missing) {
		fmt.Println("missing", code(err), status(err))
	}
}

func main() {
	config := aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: &os.Args[2],
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
		// What the config package would set.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
		Retryer:                    func() aws.Retryer { return aws.NopRetryer{} },
	}
	map[string]func(aws.Config, string){"dynamodb": dynamodbSteps, "s3": s3Steps, "sqs": sqsSteps}[os.Args[1]](config, os.Args[3])
}
