// The steps with DynamoDB, by the enhanced client: beans for items.
import java.net.URI;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbTable;
import software.amazon.awssdk.enhanced.dynamodb.Expression;
import software.amazon.awssdk.enhanced.dynamodb.Key;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;
import software.amazon.awssdk.enhanced.dynamodb.mapper.annotations.DynamoDbBean;
import software.amazon.awssdk.enhanced.dynamodb.mapper.annotations.DynamoDbPartitionKey;
import software.amazon.awssdk.enhanced.dynamodb.mapper.annotations.DynamoDbSortKey;
import software.amazon.awssdk.enhanced.dynamodb.model.ConditionCheck;
import software.amazon.awssdk.enhanced.dynamodb.model.PutItemEnhancedRequest;
import software.amazon.awssdk.enhanced.dynamodb.model.QueryConditional;
import software.amazon.awssdk.enhanced.dynamodb.model.WriteBatch;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;
import software.amazon.awssdk.services.dynamodb.model.TableStatus;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;

public class Items {
    @DynamoDbBean
    public static class Nested {
        private List<String> list;
        public List<String> getList() { return list; }
        public void setList(List<String> list) { this.list = list; }
    }

    @DynamoDbBean
    public static class User {
        private String p, name;
        private int s;
        private Integer count;
        private Double score;
        private Set<String> tags;
        private SdkBytes raw;
        private Nested nested;
        @DynamoDbPartitionKey public String getP() { return p; }
        public void setP(String p) { this.p = p; }
        @DynamoDbSortKey public int getS() { return s; }
        public void setS(int s) { this.s = s; }
        public String getName() { return name; }
        public void setName(String name) { this.name = name; }
        public Integer getCount() { return count; }
        public void setCount(Integer count) { this.count = count; }
        public Double getScore() { return score; }
        public void setScore(Double score) { this.score = score; }
        public Set<String> getTags() { return tags; }
        public void setTags(Set<String> tags) { this.tags = tags; }
        public SdkBytes getRaw() { return raw; }
        public void setRaw(SdkBytes raw) { this.raw = raw; }
        public Nested getNested() { return nested; }
        public void setNested(Nested nested) { this.nested = nested; }
    }

    static User user(String p, int s) {
        User user = new User();
        user.setP(p);
        user.setS(s);
        return user;
    }

    static Key key(String p, int s) { return Key.builder().partitionValue(p).sortValue(s).build(); }

    static void steps(URI endpoint, String name) {
        DynamoDbClient client = DynamoDbClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).credentialsProvider(Program.KEYS)
            .httpClient(UrlConnectionHttpClient.create()).build();
        DynamoDbEnhancedClient enhanced = DynamoDbEnhancedClient.builder().dynamoDbClient(client).build();
        DynamoDbTable<User> table = enhanced.table(name, TableSchema.fromBean(User.class));
        table.createTable(r -> {});
        while (table.describeTable().table().tableStatus() != TableStatus.ACTIVE) Thread.onSpinWait(); // the waiter looks again after 20 seconds
        Program.say("table", table.describeTable().table().tableStatus());

        User ada = user("user", 1);
        ada.setName("Ada");
        ada.setScore(12.5);
        ada.setTags(Set.of("a", "b"));
        ada.setRaw(SdkBytes.fromByteArray(new byte[] {0, (byte) 255}));
        ada.setCount(1);
        ada.setNested(new Nested());
        ada.getNested().setList(java.util.Arrays.asList("1", "two", null, "true"));
        table.putItem(ada);
        User got = table.getItem(r -> r.key(key("user", 1)).consistentRead(true));
        List<String> list = got.getNested().getList();
        Program.say("item", got.getName(), got.getScore(), List.copyOf(new TreeSet<>(got.getTags())), HexFormat.of().formatHex(got.getRaw().asByteArray()),
            list.get(0), list.get(1), list.get(2) == null, list.get(3));

        got.setCount(got.getCount() + 1);
        got.setScore(null);
        User changed = table.updateItem(r -> r.item(got).conditionExpression(Expression.builder().expression("#n = :ada")
            .expressionNames(Map.of("#n", "name")).expressionValues(Map.of(":ada", AttributeValue.fromS("Ada"))).build()));
        Program.say("updated", changed.getCount(), changed.getScore() != null);
        try {
            table.putItem(PutItemEnhancedRequest.builder(User.class).item(user("user", 1))
                .conditionExpression(Expression.builder().expression("attribute_not_exists(p)").build()).build());
        } catch (ConditionalCheckFailedException e) {
            Program.say("refused", e.awsErrorDetails().errorCode(), e.statusCode());
        }

        for (int from = 0; from < 30; from += 25) {
            WriteBatch.Builder<User> batch = WriteBatch.builder(User.class).mappedTableResource(table);
            for (int i = from; i < Math.min(30, from + 25); i++) batch.addPutItem(user("batch", i));
            WriteBatch whole = batch.build();
            enhanced.batchWriteItem(r -> r.writeBatches(whole));
        }
        List<User> found = table.query(r -> r.queryConditional(QueryConditional.sortBetween(key("batch", 10), key("batch", 19))).scanIndexForward(false))
            .items().stream().collect(Collectors.toList());
        Program.say("query", found.size(), found.get(0).getS(), found.get(found.size() - 1).getS());
        int scanned = 0, pages = 0;
        for (var page : table.scan(r -> r.limit(7).filterExpression(Expression.builder().expression("s < :most")
                .expressionValues(Map.of(":most", AttributeValue.fromN("20"))).build()))) {
            scanned += page.items().size();
            pages++;
        }
        Program.say("scan", scanned, pages);
        try {
            enhanced.transactWriteItems(r -> r.addPutItem(table, user("never", 1)).addConditionCheck(table, ConditionCheck.builder()
                .key(key("user", 1)).conditionExpression(Expression.builder().expression("attribute_exists(score)").build()).build()));
        } catch (TransactionCanceledException e) {
            Program.say("cancelled", e.cancellationReasons().stream().map(reason -> reason.code()).toList());
        }
        Program.say("statement", client.executeStatement(r -> r.statement("SELECT s FROM \"" + name + "\" WHERE p = ?")
            .parameters(AttributeValue.fromS("batch"))).items().size());
        table.deleteTable();
        try {
            while (true) table.describeTable();
        } catch (ResourceNotFoundException e) {
            Program.say("missing", e.awsErrorDetails().errorCode(), e.statusCode());
        }
    }
}
