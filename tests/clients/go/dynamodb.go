// The steps with DynamoDB: attributevalue speaks Go's own types, expression builds what goes with them.
package main

import (
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type key struct {
	P string `dynamodbav:"p"`
	S int    `dynamodbav:"s"`
}

type user struct {
	key
	Name   string   `dynamodbav:"name"`
	Score  float64  `dynamodbav:"score,omitempty"`
	Tags   []string `dynamodbav:"tags,stringset"`
	Raw    []byte   `dynamodbav:"raw"`
	Count  int      `dynamodbav:"count"`
	Nested struct {
		List []any `dynamodbav:"list"`
	} `dynamodbav:"nested"`
}

func marshal(v any) map[string]types.AttributeValue {
	return must(attributevalue.MarshalMap(v))
}

func built(b expression.Builder) expression.Expression {
	return must(b.Build())
}

func dynamodbSteps(config aws.Config, name string) {
	client := dynamodb.NewFromConfig(config)
	table := aws.String(name)
	must(client.CreateTable(ctx, &dynamodb.CreateTableInput{TableName: table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("p"), AttributeType: "S"}, {AttributeName: aws.String("s"), AttributeType: "N"}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("p"), KeyType: "HASH"}, {AttributeName: aws.String("s"), KeyType: "RANGE"}}}))
	describe := &dynamodb.DescribeTableInput{TableName: table}
	quick := func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay, o.MaxDelay = 100*time.Millisecond, time.Second }
	if err := dynamodb.NewTableExistsWaiter(client).Wait(ctx, describe, 30*time.Second, quick); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("table", must(client.DescribeTable(ctx, describe)).Table.TableStatus)

	ada := user{key: key{"user", 1}, Name: "Ada", Score: 12.5, Tags: []string{"a", "b"}, Raw: []byte{0, 255}, Count: 1}
	ada.Nested.List = []any{1, "two", nil, true}
	must(client.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: marshal(ada)}))
	var got user
	item := must(client.GetItem(ctx, &dynamodb.GetItemInput{TableName: table, Key: marshal(ada.key), ConsistentRead: aws.Bool(true)})).Item
	if err := attributevalue.UnmarshalMap(item, &got); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	sort.Strings(got.Tags)
	list := got.Nested.List
	fmt.Println("item", got.Name, got.Score, strings.Join(got.Tags, " "), fmt.Sprintf("%x", got.Raw), list[0], list[1], list[2] == nil, list[3])

	e := built(expression.NewBuilder().WithCondition(expression.Name("name").Equal(expression.Value("Ada"))).
		WithUpdate(expression.Set(expression.Name("count"), expression.Name("count").Plus(expression.Value(1))).Remove(expression.Name("score"))))
	changed := must(client.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: table, Key: marshal(ada.key), ReturnValues: types.ReturnValueAllNew,
		UpdateExpression: e.Update(), ConditionExpression: e.Condition(), ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values()})).Attributes
	_, scored := changed["score"]
	fmt.Println("updated", changed["count"].(*types.AttributeValueMemberN).Value, scored)
	_, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: marshal(ada.key), ConditionExpression: aws.String("attribute_not_exists(p)")})
	var refused *types.ConditionalCheckFailedException
	if errors.As(err, &refused) {
		fmt.Println("refused", code(err), status(err))
	}

	for from := 0; from < 30; from += 25 {
		var puts []types.WriteRequest
		for i := from; i < min(30, from+25); i++ {
			puts = append(puts, types.WriteRequest{PutRequest: &types.PutRequest{Item: marshal(key{"batch", i})}})
		}
		must(client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{name: puts}}))
	}
	e = built(expression.NewBuilder().WithKeyCondition(expression.Key("p").Equal(expression.Value("batch")).
		And(expression.Key("s").Between(expression.Value(10), expression.Value(19)))))
	var found []key
	items := must(client.Query(ctx, &dynamodb.QueryInput{TableName: table, KeyConditionExpression: e.KeyCondition(), ScanIndexForward: aws.Bool(false),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values()})).Items
	if err := attributevalue.UnmarshalListOfMaps(items, &found); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("query", len(found), found[0].S, found[len(found)-1].S)
	e = built(expression.NewBuilder().WithFilter(expression.Name("s").LessThan(expression.Value(20))))
	pager := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: table, Limit: aws.Int32(7), FilterExpression: e.Filter(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values()})
	scanned, pages := 0, 0
	for pager.HasMorePages() {
		scanned += int(must(pager.NextPage(ctx)).Count)
		pages++
	}
	fmt.Println("scan", scanned, pages)
	_, err = client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: table, Item: marshal(key{"never", 1})}},
		{ConditionCheck: &types.ConditionCheck{TableName: table, Key: marshal(ada.key), ConditionExpression: aws.String("attribute_exists(score)")}}}})
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) {
		var codes []string
		for _, reason := range cancelled.CancellationReasons {
			codes = append(codes, *reason.Code)
		}
		fmt.Println("cancelled", strings.Join(codes, " "))
	}
	fmt.Println("statement", len(must(client.ExecuteStatement(ctx, &dynamodb.ExecuteStatementInput{
		Statement: aws.String(fmt.Sprintf("SELECT s FROM \"%s\" WHERE p = ?", name)), Parameters: []types.AttributeValue{&types.AttributeValueMemberS{Value: "batch"}}})).Items))
	must(client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: table}))
	gone := func(o *dynamodb.TableNotExistsWaiterOptions) { o.MinDelay, o.MaxDelay = 100*time.Millisecond, time.Second }
	if err := dynamodb.NewTableNotExistsWaiter(client).Wait(ctx, describe, 30*time.Second, gone); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_, err = client.DescribeTable(ctx, describe)
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		fmt.Println("missing", code(err), status(err))
	}
}
