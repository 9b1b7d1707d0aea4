/* Expressions: what holds, what comes of updates, and AWS's refusals in their words and order. Examples of the developer
 * guide ("Condition expressions", "Update expressions", "Projection expressions") with the outcomes that it gives. */
#include "expression_given.h"

static const char product[] =
    "{'Id':{'N':'789'},'ProductCategory':{'S':'Home Improvement'},'Price':{'N':'52'},'InStock':{'BOOL':true},'Brand':{'S':'Acme'},"
    "'Color':{'SS':['Red','Black']},'Sizes':{'NS':['1','2.5']},'Gone':{'NULL':true},'Bin':{'B':'AAEC'},'Bins':{'BS':['AQ==','Ag==']},"
    "'Safety':{'S':'h\u00e9llo'},'QuantityOnHand':{'N':'3'},'RelatedItems':{'L':[{'N':'341'},{'N':'472'},{'M':{'deep':{'S':'x'}}}]},"
    "'Reviews':{'M':{'FiveStar':{'L':[{'S':'Excellent'}]},'OneStar':{'L':[{'S':'Terrible'},{'S':'Never'}]}}},'Same':{'N':'52.0'}}";

static const char values[] =
    "'ExpressionAttributeValues':{':n':{'N':'52'},':low':{'N':'10'},':high':{'N':'100'},':s':{'S':'Acme'},':ac':{'S':'Ac'},':red':{'S':'Red'},"
    "':set':{'SS':['Black','Red']},':b':{'B':'AAE='},':b1':{'B':'AQ=='},':l':{'L':[{'N':'1'}]},':m':{'M':{'deep':{'S':'x'}}},':t':{'BOOL':true},"
    "':five':{'N':'5'},':two':{'N':'2'},':three':{'N':'3'},':S':{'S':'S'},':SS':{'S':'SS'},':nul':{'NULL':true},':ex':{'S':'Excellent'}}";

static void what_holds(void) {
    static const struct {
        const char *expression;
        bool holds;
    } rows[] = {
        {"Price = :n", true}, {"Price = Same", true}, {"Price <> :n", false}, {"Price = :s", false}, {"Price <> :s", true},
        {"nope = :n", false}, {"nope <> :n", true}, {"nope = nada", false}, {"nope <> nada", true}, {"nope < nada", false},
        {"Price < :high", true}, {"Price < :n", false}, {"Price <= :n", true}, {"Price > :low", true}, {"Price >= :n", true},
        {"Price < :s", false}, {"Price >= :s", false}, {"Color < :n", false}, {":low < Price", true},
        {"Price BETWEEN :low AND :high", true}, {"Price between :low and :low", false}, {"nope BETWEEN :low AND :high", false},
        {":n BETWEEN Same AND Price", true}, {"Brand BETWEEN :low AND :high", false},
        {"Price IN (:low, :n)", true}, {"Price IN (:low, :s)", false}, {"Brand in (Price, :s)", true}, {"nope IN (:n)", false},
        {"attribute_exists(Price)", true}, {"attribute_exists(nope)", false}, {"attribute_not_exists(nope)", true},
        {"attribute_exists(Gone)", true}, {"attribute_not_exists(Price)", false},
        {"attribute_type(Brand, :S)", true}, {"attribute_type(Color, :SS)", true}, {"attribute_type(Brand, :SS)", false},
        {"attribute_type(nope, :S)", false}, {"attribute_type(:n, :S)", false},
        {"begins_with(Brand, :ac)", true}, {"begins_with(Brand, :red)", false}, {"begins_with(Bin, :b)", true}, {"begins_with(Price, :ac)", false},
        {"begins_with(:s, :ac)", true}, {"contains(Color, :red)", true}, {"contains(Color, :s)", false}, {"contains(Brand, :ac)", true},
        {"contains(Bins, :b1)", true}, {"contains(Bin, :b1)", true}, {"contains(Sizes, :two)", false}, {"contains(RelatedItems, :m)", true},
        {"contains(RelatedItems, :n)", false}, {"contains(nope, :n)", false}, {"contains(Price, :n)", false}, {"Color = :set", true},
        {"size(Brand) = :n", false}, {"size(Safety) = :five", true}, {"size(Color) = :two", true}, {"size(RelatedItems) = :three", true},
        {"size(Reviews) = :two", true}, {"size(Bin) = :three", true}, {"size(Price) = :two", false}, {"size(nope) < :high", false},
        {"size(Price) <> :two", true}, {"size(:s) < :five", true}, {"size(Sizes) BETWEEN :two AND :five", true}, {"size(Brand) IN (:two, :n)", false},
        {"Price = :n AND Brand = :s", true}, {"Price = :n AND Brand = :red", false}, {"Price = :low OR Brand = :s", true},
        {"NOT Price = :low", true}, {"NOT NOT Price = :n", true}, {"NOT Price = :n OR Brand = :s", true}, {"NOT (Price = :n OR Brand = :s)", false},
        {"Price = :low AND Price = :low OR Price = :n", true}, {"Price = :low AND (Price = :low OR Price = :n)", false},
        {"(Price) = (:n)", true}, {"((Price = :n) and Brand = :s)", true}, {"(Price = :n) AND (NOT (Brand = :red))", true},
        {"Reviews.FiveStar[0] = :ex", true}, {"Reviews.FiveStar[1] = :ex", false}, {"RelatedItems[2].deep = :s", false}, {"RelatedItems[2] = :m", true},
        {"RelatedItems[2].deep.er = :s", false}, {"Brand[0] = :s", false}, {"attribute_exists(Reviews.OneStar[1])", true},
        {"Gone = :nul", true}, {"InStock = :t", true}, {"InStock <> :t", false},
    };
    struct value item = item_of(product);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct expressions e;
        err fault = given_update(arena_format(&arena, "'ConditionExpression':'%s',%s%c", rows[i].expression, values, 0).p, &e);
        bool unused = fault && str_starts(call.error_message, S("Value provided in ExpressionAttributeValues unused"));
        if (!unused) printf("# %s: %.*s\n", rows[i].expression, STR_ARGS(call.error_message));
        CHECK(unused); /* the list of values is shared; all else is in order */
        bool holds = expression_holds(&arena, e.condition, &item);
        if (holds != rows[i].holds) printf("# %s\n", rows[i].expression);
        CHECK_INT(holds, rows[i].holds);
    }
    CHECK(expression_holds(&arena, NULL, &item));
    struct expressions e;
    CHECK(!given_update("'ConditionExpression':'attribute_not_exists(p)'", &e));
    CHECK(expression_holds(&arena, e.condition, NULL));
}

struct refusal {
    const char *members, *message;
};

static void check_refusals(err (*given)(const char *, struct expressions *), const struct refusal *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct expressions e;
        call.error_message = (str){0};
        err fault = given(rows[i].members, &e);
        if (!fault && *rows[i].message) printf("# taken: %s\n", rows[i].members);
        CHECK(fault == (*rows[i].message ? &dynamodb_validation_exception : NULL));
        CHECK_STR(call.error_message, str_of(rows[i].message));
    }
}

#define C(text) "'ConditionExpression':'" text "'"
#define U(text) "'UpdateExpression':'" text "'"
#define V(text) ",'ExpressionAttributeValues':{" text "}"
#define N(text) ",'ExpressionAttributeNames':{" text "}"
#define IC "Invalid ConditionExpression: "
#define IU "Invalid UpdateExpression: "

static void refused_conditions(void) {
    static const struct refusal rows[] = {
        {C(""), IC "The expression can not be empty;"},
        {C("a = "), IC "Syntax error; token: \"<EOF>\", near: \"= \""},
        {C("a"), IC "Syntax error; token: \"<EOF>\", near: \"a\""},
        {C("a b c"), IC "Syntax error; token: \"b\", near: \"a b c\""},
        {C("a != :v"), IC "Syntax error; token: \"!\", near: \"a !=\""},
        {C("attribute_exists([1])"), IC "Syntax error; token: \"[\", near: \"([1\""},
        {C("attribute_exists()"), IC "Syntax error; token: \")\", near: \"()\""},
        {C("_x = :v"), IC "Syntax error; token: \"_\", near: \"_x\""},
        {C("a IN ()") V("':v':{'S':'x'}"), IC "Syntax error; token: \")\", near: \"()\""},
        {C("a AND b = :v") V("':v':{'S':'x'}"), IC "Syntax error; token: \"AND\", near: \"a AND b\""},
        {C("((a = b))"), IC "The expression has redundant parentheses;"},
        {C("((a)) = b"), IC "The expression has redundant parentheses;"},
        {C("(((a = b) and c = d))"), IC "The expression has redundant parentheses;"},
        {C("a = ((b))"), IC "The expression has redundant parentheses;"},
        {C("((a = b) and c = d)"), ""},
        {C("f(a)"), IC "Invalid function name; function: f"},
        {C("ATTRIBUTE_EXISTS(a)"), IC "Invalid function name; function: ATTRIBUTE_EXISTS"},
        {C("a = if_not_exists(b, c)"), IC "The function is not allowed in a condition expression; function: if_not_exists"},
        {C("size(a)"), IC "The function is not allowed to be used this way in an expression; function: size"},
        {C("a = b AND size(a)"), IC "The function is not allowed to be used this way in an expression; function: size"},
        {C("attribute_exists(a) = b"), IC "The function is not allowed to be used this way in an expression; function: attribute_exists"},
        {C("contains(a, attribute_exists(b))"), IC "The function is not allowed to be used this way in an expression; function: attribute_exists"},
        {C("name = a"), IC "Attribute name is a reserved keyword; reserved keyword: name"},
        {C("a.Status = b"), IC "Attribute name is a reserved keyword; reserved keyword: Status"},
        {C("#a = b"), IC "An expression attribute name used in the document path is not defined; attribute name: #a"},
        {C("a = :v"), IC "An expression attribute value used in expression is not defined; attribute value: :v"},
        {C("attribute_exists(a, b)"), IC "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2"},
        {C("size(a, b) = c"), IC "Incorrect number of operands for operator or function; operator or function: size, number of operands: 2"},
        {C("contains(a)"), IC "Incorrect number of operands for operator or function; operator or function: contains, number of operands: 1"},
        {C("a = a"), IC "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a]"},
        {C("contains(a.b[1], a.b[1])"),
         IC "The first operand must be distinct from the remaining operands for this operator or function; operator: contains, first operand: [a, b, [1]]"},
        {C("attribute_exists(:v)") V("':v':{'S':'a'}"), IC "Operator or function requires a document path; operator or function: attribute_exists"},
        {C("begins_with(a, :v)") V("':v':{'N':'1'}"), IC "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"},
        {C("begins_with(size(b), :v)") V("':v':{'S':'1'}"),
         IC "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"},
        {C("size(:v) = a") V("':v':{'N':'1'}"), IC "Incorrect operand type for operator or function; operator or function: size, operand type: N"},
        {C("size(size(a)) = b"), IC "Incorrect operand type for operator or function; operator or function: size, operand type: N"},
        {C("a < :v") V("':v':{'L':[]}"), IC "Incorrect operand type for operator or function; operator or function: <, operand type: L"},
        {C("attribute_type(a, b)"), IC "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}"},
        {C("attribute_type(a, :v)") V("':v':{'N':'1'}"), IC "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N"},
        {C("attribute_type(a, :v)") V("':v':{'S':'DOG'}"), IC "Invalid attribute type name found; type: DOG, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"},
        {C("a BETWEEN :v AND :w") V("':v':{'S':'b'},':w':{'S':'a'}"),
         IC "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {S:b}, "
            "upper bound operand: AttributeValue: {S:a}"},
        {C("a BETWEEN :v AND :w") V("':v':{'N':'1'},':w':{'S':'a'}"),
         IC "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, "
            "upper bound operand: AttributeValue: {S:a}"},
        {C("a[99999999999] = b"), IC "List index is not within the allowable range; index: [99999999999]"},
        /* The order in which faults count, whatever stands first. */
        {C("name = f(a) AND ((b = c))"), IC "The expression has redundant parentheses;"},
        {C("name = f(a)"), IC "Invalid function name; function: f"},
        {C("name = attribute_exists(a)"), IC "The function is not allowed to be used this way in an expression; function: attribute_exists"},
        {C("#a = :v AND name = :w"), IC "Attribute name is a reserved keyword; reserved keyword: name"},
        {C("a = a AND #b = :v"), IC "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a]"},
        {C("#b = :v AND a = a"), IC "An expression attribute name used in the document path is not defined; attribute name: #b"},
        {C("a = b AND name ="), IC "Syntax error; token: \"<EOF>\", near: \"=\""},
        {C("a = :v") V("':v':{'S':'1'},':w':{'S':'2'},':x':{'S':'2'}"), "Value provided in ExpressionAttributeValues unused in expressions: keys: {:w, :x}"},
        {C("a = b") N("'#a':'x'"), "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"},
        {C("a = b") N("'#a':'x'") V("':v':{'S':'1'}"), "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"},
        {C("") V("':v':{}"), "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes for key :v"},
        {C("") V("':v':{'N':'x'},'v':{'N':'1'}"), "ExpressionAttributeValues contains invalid key: Syntax error; key: \"v\""},
        {C("") N("'a':'x'") V("':v':{}"), "ExpressionAttributeNames contains invalid key: Syntax error; key: \"a\""},
        {C("a = b") N(""), "ExpressionAttributeNames must not be empty"},
        {C("a = b") V(""), "ExpressionAttributeValues must not be empty"},
    };
    check_refusals(given_update, rows, LENGTH(rows));
}

static void keywords_are_no_names(void) {
    static const struct refusal rows[] = {
        {C(" = a"), IC "Syntax error; token: \"=\", near: \" = a\""},
        {C("a = b )  "), IC "Syntax error; token: \")\", near: \"b )  \""},
        {C("a = set"), IC "Syntax error; token: \"set\", near: \"= set\""},
        {C("a.between = b"), IC "Syntax error; token: \"between\", near: \".between =\""},
        {C("attribute_exists(remove)"), IC "Syntax error; token: \"remove\", near: \"(remove)\""},
        {U("SET  REMOVE #a") N("'#a':'x'"), IU "Syntax error; token: \"REMOVE\", near: \"SET  REMOVE #a\""},
        {U("SET and = b"), IU "Syntax error; token: \"and\", near: \"SET and =\""},
        {U("REMOVE a, not"), IU "Syntax error; token: \"not\", near: \", not\""},
    };
    check_refusals(given_update, rows, LENGTH(rows));
}

static void refused_updates(void) {
    static const struct refusal rows[] = {
        {U(""), IU "The expression can not be empty;"},
        {U("HELLO a = :v"), IU "Syntax error; token: \"HELLO\", near: \"HELLO a\""},
        {U("SET _123 = :v"), IU "Syntax error; token: \"_\", near: \"SET _123\""},
        {U("SET"), IU "Syntax error; token: \"<EOF>\", near: \"SET\""},
        {U("SET a = :v,") V("':v':{'S':'x'}"), IU "Syntax error; token: \"<EOF>\", near: \",\""},
        {U("SET a = :v + :v + :v") V("':v':{'N':'1'}"), IU "Syntax error; token: \"+\", near: \":v + :v\""},
        {U("SET a = if_not_exists(a, :v + :v)") V("':v':{'N':'1'}"), IU "Syntax error; token: \"+\", near: \":v + :v\""},
        {U("SET a[:v] = :v") V("':v':{'N':'1'}"), IU "Syntax error; token: \":v\", near: \"[:v]\""},
        {U("SET :v = :v") V("':v':{'N':'1'}"), IU "Syntax error; token: \":v\", near: \"SET :v =\""},
        {U("ADD a b"), IU "Syntax error; token: \"b\", near: \"a b\""},
        {U("SET a = :v SET b = :v") V("':v':{'N':'1'}"), IU "The \"SET\" section can only be used once in an update expression;"},
        {U("ADD a :v SET b = :v ADD c :v") V("':v':{'N':'1'}"), IU "The \"ADD\" section can only be used once in an update expression;"},
        {U("SET name = :v") V("':v':{'N':'1'}"), IU "Attribute name is a reserved keyword; reserved keyword: name"},
        {U("SET a = f(b, c, d)"), IU "Invalid function name; function: f"},
        {U("SET a = if_not_exists(b.c, b.c)"),
         IU "The first operand must be distinct from the remaining operands for this operator or function; operator: if_not_exists, first operand: [b, c]"},
        {U("SET a = :v + :v, b = if_not_exists(c, c)") V("':v':{'L':[]}"),
         IU "The first operand must be distinct from the remaining operands for this operator or function; operator: if_not_exists, first operand: [c]"},
        {U("SET a = size(b)"), IU "The function is not allowed in an update expression; function: size"},
        {U("SET a = list_append(list_append(:v, :v), :v)") V("':v':{'L':[]}"),
         IU "The function is not allowed to be used this way in an expression; function: list_append"},
        {U("SET #a = b"), IU "An expression attribute name used in the document path is not defined; attribute name: #a"},
        {U("SET a = :v"), IU "An expression attribute value used in expression is not defined; attribute value: :v"},
        {U("SET a = if_not_exists(:v, :w)") V("':w':{'N':'6'}"), IU "An expression attribute value used in expression is not defined; attribute value: :v"},
        {U("SET a = if_not_exists(:v, :v)") V("':v':{'N':'6'}"), IU "Operator or function requires a document path; operator or function: if_not_exists"},
        {U("SET a = if_not_exists(a)"), IU "Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 1"},
        {U("SET a = :v REMOVE a") V("':v':{'N':'1'}"),
         IU "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]"},
        {U("SET a.b = :v, a.b[1] = :v") V("':v':{'N':'1'}"),
         IU "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, b, [1]]"},
        {U("SET a.b = :v, a[1] = :v") V("':v':{'N':'1'}"),
         IU "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [1]]"},
        {U("ADD a :v") V("':v':{'S':'x'}"), IU "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"},
        {U("ADD a :v") V("':v':{'L':[]}"), IU "Incorrect operand type for operator or function; operator: ADD, operand type: LIST, typeSet: ALLOWED_FOR_ADD_OPERAND"},
        {U("DELETE a :v") V("':v':{'N':'1'}"),
         IU "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND"},
        {U("SET a = :v + b") V("':v':{'S':'x'}"), IU "Incorrect operand type for operator or function; operator or function: +, operand type: S"},
        {U("SET a = list_append(b, :v)") V("':v':{'S':'x'}"), IU "Incorrect operand type for operator or function; operator or function: list_append, operand type: S"},
        {U("SET a = :v") "," C("b = :w") V("':v':{'S':'x'}"), IC "An expression attribute value used in expression is not defined; attribute value: :w"},
        {U("SET a = :v") ",'AttributeUpdates':{}" V("':v':{'S':'x'}"),
         "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributeUpdates} "
         "Expression parameters: {UpdateExpression}"},
        {C("a = b") ",'Expected':{},'AttributeUpdates':{}",
         "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributeUpdates, Expected} "
         "Expression parameters: {ConditionExpression}"},
        {"'ReturnValues':'NONE'" N("'#a':'b'"), "ExpressionAttributeNames can only be specified when using expressions"},
        {"'ReturnValues':'NONE'" V("':a':{'S':'b'}"),
         "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and ConditionExpression are null"},
    };
    check_refusals(given_update, rows, LENGTH(rows));
}

/* A stray token is a character, however many bytes it has. */
static void stray_characters(void) {
    struct expressions e;
    CHECK(given_update(C("\xc3\xa9 = :v"), &e));
    CHECK_STR(call.error_message, S(IC "Syntax error; token: \"\xc3\xa9\", near: \"\xc3\xa9 =\""));
}

static void limits(void) {
    struct expressions e;
    struct buf b = buf_new(&arena, 1 << 20);
    buf_add(&b, S("'ConditionExpression':'a = b"));
    for (int i = 0; i < 4090; i++) buf_char(&b, ' ');
    size_t fits = b.n;
    buf_format(&b, "'%c", 0);
    CHECK(!given_update(b.p, &e));
    b.n = fits;
    buf_format(&b, " '%c", 0);
    CHECK(!given_update(b.p, &e));
    b.n = fits;
    buf_format(&b, "  '%c", 0);
    CHECK(given_update(b.p, &e));
    CHECK_STR(call.error_message, S(IC "Expression size has exceeded the maximum allowed size; expression size: 4097"));
    for (int depth = 149; depth <= 454; depth += 454 - 149) {
        b = buf_new(&arena, 1 << 20);
        buf_add(&b, S("'ConditionExpression':'"));
        for (int i = 0; i < depth; i++) buf_add(&b, S("a<b or ("));
        buf_add(&b, S("a<b"));
        for (int i = 0; i < depth; i++) buf_char(&b, ')');
        buf_format(&b, "'%c", 0);
        CHECK(!given_update(b.p, &e) == (depth == 149));
        if (depth != 149) CHECK_STR(call.error_message, S(IC "The expression contains too many operators; operator count: 301"));
    }
    static const char *const deep[] = {"(", "not ", "size(", "((", "a[1]."};
    for (size_t d = 0; d < LENGTH(deep); d++) { /* all end in some refusal */
        b = buf_new(&arena, 1 << 20);
        buf_add(&b, S("'ConditionExpression':'"));
        while (b.n < 4000) buf_add(&b, str_of(deep[d]));
        buf_format(&b, "a<b'%c", 0);
        CHECK(given_update(b.p, &e));
    }
    for (int n = 100; n <= 101; n++) {
        b = buf_new(&arena, 1 << 20);
        buf_add(&b, S("'ConditionExpression':'a in (b"));
        for (int i = 1; i < n; i++) buf_add(&b, S(",b"));
        buf_format(&b, ")'%c", 0);
        CHECK(!given_update(b.p, &e) == (n == 100));
    }
    CHECK_STR(call.error_message, S(IC "The IN operator is provided with too many operands; number of operands: 101"));
    b = buf_new(&arena, 1 << 20);
    buf_add(&b, S("'UpdateExpression':'REMOVE a"));
    for (int i = 0; i < 32; i++) buf_add(&b, S(".a"));
    buf_format(&b, "'%c", 0);
    CHECK(given_update(b.p, &e));
    CHECK_STR(call.error_message, S(IU "The document path has too many nesting levels; nesting levels: 33"));
}

static void what_updates_make(void) {
    static const char item_text[] = "{'p':{'S':'x'},'n':{'N':'5'},'s':{'SS':['a','b']},'l':{'L':[{'N':'0'},{'N':'1'},{'N':'2'},{'N':'3'}]},"
                                    "'m':{'M':{'a':{'N':'1'},'b':{'M':{'c':{'S':'d'}}}}},'t':{'S':'text'}}";
    static const struct {
        const char *update, *values, *made; /* made: what differs, by name; or the message */
    } rows[] = {
        {"SET a = :v", "':v':{'S':'new'}", "a={'S':'new'}"},
        {"SET n = n + :v", "':v':{'N':'0.5'}", "n={'N':'5.5'}"},
        {"SET n = n - :v, a = n", "':v':{'N':'7'}", "n={'N':'-2'};a={'N':'5'}"},
        {"SET a = if_not_exists(n, :v), b = if_not_exists(c, :v)", "':v':{'N':'7'}", "a={'N':'5'};b={'N':'7'}"},
        {"SET a = if_not_exists(n, :v) + :v", "':v':{'N':'7'}", "a={'N':'12'}"},
        {"SET a = (n + :v), b = (n) + :v", "':v':{'N':'1'}", "a={'N':'6'};b={'N':'6'}"},
        {"SET l = list_append(:v, l)", "':v':{'L':[{'S':'x'}]}", "l={'L':[{'S':'x'},{'N':'0'},{'N':'1'},{'N':'2'},{'N':'3'}]}"},
        {"SET a = list_append(if_not_exists(a, :v), :v)", "':v':{'L':[{'S':'x'}]}", "a={'L':[{'S':'x'},{'S':'x'}]}"},
        {"SET l[1] = :v", "':v':{'S':'x'}", "l={'L':[{'N':'0'},{'S':'x'},{'N':'2'},{'N':'3'}]}"},
        {"SET l[9] = :v, l[7] = n", "':v':{'S':'x'}", "l={'L':[{'N':'0'},{'N':'1'},{'N':'2'},{'N':'3'},{'N':'5'},{'S':'x'}]}"},
        {"REMOVE l[1] SET l[3] = :v", "':v':{'S':'x'}", "l={'L':[{'N':'0'},{'N':'2'},{'S':'x'}]}"},
        {"REMOVE l[1], l[2], l[99]", NULL, "l={'L':[{'N':'0'},{'N':'3'}]}"},
        {"SET m.b.c = :v, m.b.e = m.a REMOVE m.a", "':v':{'S':'x'}", "m={'M':{'b':{'M':{'c':{'S':'x'},'e':{'N':'1'}}}}}"},
        {"REMOVE m.b.c, m.zz, zz", NULL, "m={'M':{'a':{'N':'1'},'b':{'M':{}}}}"},
        {"REMOVE m, t", NULL, "m;t"},
        {"ADD n :v, a :v", "':v':{'N':'2'}", "n={'N':'7'};a={'N':'2'}"},
        {"ADD s :v, m.s :v", "':v':{'SS':['c','a']}", "s={'SS':['a','b','c']};m={'M':{'a':{'N':'1'},'b':{'M':{'c':{'S':'d'}}},'s':{'SS':['a','c']}}}"},
        {"DELETE s :v, a :v", "':v':{'SS':['c','a']}", "s={'SS':['b']}"},
        {"DELETE s :v", "':v':{'SS':['b','a']}", "s"},
        {"SET a = n, n = :v", "':v':{'N':'9'}", "a={'N':'5'};n={'N':'9'}"},
        {"SET a = b", NULL, "!The provided expression refers to an attribute that does not exist in the item"},
        {"SET a = t + :v", "':v':{'N':'1'}", "!An operand in the update expression has an incorrect data type"},
        {"SET a = list_append(t, :v)", "':v':{'L':[]}", "!An operand in the update expression has an incorrect data type"},
        {"ADD t :v", "':v':{'N':'1'}", "!An operand in the update expression has an incorrect data type"},
        {"DELETE n :v", "':v':{'SS':['1']}", "!An operand in the update expression has an incorrect data type"},
        {"SET zz.a = :v", "':v':{'N':'1'}", "!The document path provided in the update expression is invalid for update"},
        {"SET t.a = :v", "':v':{'N':'1'}", "!The document path provided in the update expression is invalid for update"},
        {"SET l.a = :v", "':v':{'N':'1'}", "!The document path provided in the update expression is invalid for update"},
        {"SET m[0] = :v", "':v':{'N':'1'}", "!The document path provided in the update expression is invalid for update"},
        {"REMOVE zz.a", NULL, "!The document path provided in the update expression is invalid for update"},
        {"SET n = n + :v", "':v':{'N':'1e100'}", "!Number overflow. Attempting to store a number with magnitude larger than supported range"},
    };
    struct value item = item_of(item_text), stored;
    CHECK(item_decode(&arena, item_encode(&arena, &item), &stored)); /* as it comes from a row */
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct expressions e;
        struct value got;
        str given = arena_format(&arena, rows[i].values ? U("%s") V("%s") "%c" : U("%s") "%s%c", rows[i].update, rows[i].values ? rows[i].values : "", 0);
        CHECK(!given_update(given.p, &e));
        err fault = update_apply(&call, e.update, &stored, &got);
        str rest = str_of(rows[i].made);
        if (str_starts(rest, S("!"))) {
            CHECK(fault == &dynamodb_validation_exception);
            CHECK_STR(call.error_message, str_skip(rest, 1));
            continue;
        }
        CHECK(!fault);
        struct value want = item;
        while (rest.p && rest.n) {
            str one = str_cut(&rest, ';'), name = str_cut(&one, '=');
            struct value v = {0};
            struct value wrapped = one.p ? item_of(arena_format(&arena, "{'v':%.*s}%c", STR_ARGS(one), 0).p) : v;
            const struct value *inner = value_member(&arena, &wrapped, S("v"));
            if (inner) v = *inner;
            want = item_with(&arena, &want, name, &v);
        }
        CHECK_STR(shown(&got), shown(&want));
        CHECK(value_sound(&arena, &got));
    }
}

static void what_updates_touch(void) {
    struct value item = item_of("{'p':{'S':'x'},'n':{'N':'5'},'l':{'L':[{'N':'0'},{'N':'1'}]},'m':{'M':{'a':{'N':'1'},'b':{'N':'2'}}}}"), updated;
    struct expressions e;
    CHECK(!given_update(U("SET m.a = :v, l[1] = :v, z = :v REMOVE n") V("':v':{'N':'9'}"), &e));
    CHECK(!update_apply(&call, e.update, &item, &updated));
    struct value touched = update_touched(&arena, e.update, &item);
    CHECK_STR(shown(&touched), S("{'l':{'L':[{'N':'1'}]},'m':{'M':{'a':{'N':'1'}}},'n':{'N':'5'}}"));
    touched = update_touched(&arena, e.update, &updated);
    CHECK_STR(shown(&touched), S("{'l':{'L':[{'N':'9'}]},'m':{'M':{'a':{'N':'9'}}},'z':{'N':'9'}}"));
    CHECK(!update_only_removes(e.update));
    str key[] = {S("p"), S("n")};
    CHECK(!update_check_keys(&call, e.update, key, 1) && update_check_keys(&call, e.update, key, 2));
    CHECK_STR(call.error_message, S("One or more parameter values were invalid: Cannot update attribute n. This attribute is part of the key"));
    CHECK(!given_update(U("REMOVE n DELETE m :v") V("':v':{'SS':['9']}"), &e) && update_only_removes(e.update));
    CHECK(expressions_check_scalars(&call, &e, key, 2, false) == NULL);
    CHECK(!given_update(U("SET z = if_not_exists(p.q, z)"), &e) && expressions_check_scalars(&call, &e, key, 2, false));
    CHECK_STR(call.error_message, S("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: p"));
    CHECK(!given_update(U("REMOVE n[1]"), &e) && expressions_check_scalars(&call, &e, key, 2, true));
    CHECK_STR(call.error_message, S("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: n"));
}

static void projections(void) {
    static const struct {
        const char *projection, *made;
    } rows[] = {
        {"Price", "{'Price':{'N':'52'}}"},
        {"Brand, Price, nope", "{'Brand':{'S':'Acme'},'Price':{'N':'52'}}"},
        {"Reviews.FiveStar[0], RelatedItems[1], RelatedItems[0]", "{'RelatedItems':{'L':[{'N':'341'},{'N':'472'}]},'Reviews':{'M':{'FiveStar':{'L':[{'S':'Excellent'}]}}}}"},
        {"Reviews.OneStar[1],Reviews.FiveStar", "{'Reviews':{'M':{'FiveStar':{'L':[{'S':'Excellent'}]},'OneStar':{'L':[{'S':'Never'}]}}}}"},
        {"RelatedItems[2].deep", "{'RelatedItems':{'L':[{'M':{'deep':{'S':'x'}}}]}}"},
        {"Reviews.nope, RelatedItems[7], Brand.x", "{}"},
        {"RelatedItems[99], Price", "{'Price':{'N':'52'}}"},
    };
    struct value item = item_of(product), stored;
    CHECK(item_decode(&arena, item_encode(&arena, &item), &stored));
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct expressions e;
        CHECK(!given_query(arena_format(&arena, "'ProjectionExpression':'%s'%c", rows[i].projection, 0).p, &e));
        struct value got = projection_apply(&arena, e.projection, &stored);
        CHECK_STR(shown(&got), str_of(rows[i].made));
    }
    static const struct refusal refusals[] = {
        {"'ProjectionExpression':''", "Invalid ProjectionExpression: The expression can not be empty;"},
        {"'ProjectionExpression':'!!bad'", "Invalid ProjectionExpression: Syntax error; token: \"!\", near: \"!!\""},
        {"'ProjectionExpression':'a,'", "Invalid ProjectionExpression: Syntax error; token: \"<EOF>\", near: \",\""},
        {"'ProjectionExpression':'a, '", "Invalid ProjectionExpression: Syntax error; token: \"<EOF>\", near: \", \""},
        {"'ProjectionExpression':'l[01]'", "Invalid ProjectionExpression: Syntax error; token: \"1\", near: \"01]\""},
        {"'ProjectionExpression':'a.delete[0]'", "Invalid ProjectionExpression: Syntax error; token: \"delete\", near: \".delete[\""},
        {"'ProjectionExpression':'l[a]'", "Invalid ProjectionExpression: Syntax error; token: \"a\", near: \"[a]\""},
        {"'ProjectionExpression':'a, name'", "Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: name"},
        {"'ProjectionExpression':'#a'", "Invalid ProjectionExpression: An expression attribute name used in the document path is not defined; attribute name: #a"},
        {"'ProjectionExpression':'a.b, a'",
         "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a]"},
        {"'ProjectionExpression':'a.b, a[1]'",
         "Invalid ProjectionExpression: Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [1]]"},
        {"'ProjectionExpression':'a','AttributesToGet':['a']",
         "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributesToGet} "
         "Expression parameters: {ProjectionExpression}"},
        {"'ProjectionExpression':'a','ExpressionAttributeValues':{':v':{'S':'x'}}",
         "ExpressionAttributeValues can only be specified when using expressions"},
        {"'AttributesToGet':['a','b','a']", "One or more parameter values were invalid: Duplicate value in attribute name: a"},
    };
    check_refusals(given_query, refusals, LENGTH(refusals));
    struct expressions e;
    const str *names;
    CHECK(!given_query("'ProjectionExpression':'b.c, a, b.d[1]'", &e));
    CHECK_INT(projection_names(&arena, e.projection, &names), 2);
    CHECK_STR(names[0], S("a"));
    CHECK_STR(names[1], S("b"));
}

#define K(text) "'KeyConditionExpression':'" text "'"
#define KV V("':p':{'S':'x'},':n':{'N':'1'},':m':{'N':'2'}")

static void key_conditions(void) {
    static const struct {
        const char *members, *message;
        u8 operator;
    } rows[] = {
        {K("p = :p") V("':p':{'S':'x'}"), NULL, RANGE_ALL},
        {K(":p = p AND c = :n") V("':p':{'S':'x'},':n':{'N':'1'}"), NULL, RANGE_EQ},
        {K("(c < :n) AND (p = :p)") V("':p':{'S':'x'},':n':{'N':'1'}"), NULL, RANGE_LT},
        {K("p = :p AND :n < c") V("':p':{'S':'x'},':n':{'N':'1'}"), NULL, RANGE_GT},
        {K("p = :p AND c >= :n") V("':p':{'S':'x'},':n':{'N':'1'}"), NULL, RANGE_GE},
        {K("p = :p AND c <= :n") V("':p':{'S':'x'},':n':{'N':'1'}"), NULL, RANGE_LE},
        {K("p = :p and c between :n and :m") KV, NULL, RANGE_BETWEEN},
        {"'KeyConditions':{'p':{'ComparisonOperator':'EQ','AttributeValueList':[{'S':'x'}]},'c':{'ComparisonOperator':'LT','AttributeValueList':[{'N':'1'}]}}", NULL, RANGE_LT},
        {K("p < :p") V("':p':{'S':'x'}"), "Query key condition not supported", 0},
        {K("p = :p AND b = :p AND c = :p") V("':p':{'S':'x'}"), "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)", 0},
        {K("c = :n") V("':n':{'N':'1'}"), "Query condition missed key schema element: p", 0},
        {K("p = :p AND d = :n") V("':p':{'S':'x'},':n':{'N':'1'}"), "Query condition missed key schema element: c", 0},
        {K("p = :p AND c = :p") V("':p':{'S':'x'}"), "One or more parameter values were invalid: Condition parameter type does not match schema type", 0},
        {K("p = :p") V("':p':{'N':'1'}"), "One or more parameter values were invalid: Condition parameter type does not match schema type", 0},
        {K("p = :p") V("':p':{'S':''}"),
         "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: p", 0},
        {"'KeyConditions':{'p':{'ComparisonOperator':'NULL'}}", "Attempted conditional constraint is not an indexable operation", 0},
        {"'KeyConditions':{'p':{'ComparisonOperator':'IN','AttributeValueList':[{'S':'x'}]}}", "Attempted conditional constraint is not an indexable operation", 0},
    };
    struct key_attributes schema = {.hash = {{S("p"), VALUE_S}}, .hashes = 1, .range = {{S("c"), VALUE_N}}, .ranges = 1};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct expressions e;
        struct key_range got;
        err fault = given_query(rows[i].members, &e);
        if (fault) printf("# %s: %.*s\n", rows[i].members, STR_ARGS(call.error_message));
        CHECK(!fault);
        fault = key_condition_resolve(&call, e.key_condition, &schema, &got);
        CHECK(!fault == !rows[i].message);
        if (rows[i].message) CHECK_STR(call.error_message, str_of(rows[i].message));
        else CHECK_INT(got.range_operator, rows[i].operator);
    }
    static const struct refusal refusals[] = {
        {K("p = :p OR c = :n") KV, "Value provided in ExpressionAttributeValues unused in expressions: keys: {:m}"},
        {K("p = :n OR c = :n") V("':n':{'N':'1'}"), "Invalid operator used in KeyConditionExpression: OR"},
        {K("NOT p = :n") V("':n':{'N':'1'}"), "Invalid operator used in KeyConditionExpression: NOT"},
        {K("p <> :n") V("':n':{'N':'1'}"), "Invalid operator used in KeyConditionExpression: <>"},
        {K("p IN (:n)") V("':n':{'N':'1'}"), "Invalid operator used in KeyConditionExpression: IN"},
        {K("attribute_exists(p)"), "Invalid operator used in KeyConditionExpression: attribute_exists"},
        {K("dog(p)"), "Invalid KeyConditionExpression: Invalid function name; function: dog"},
        {K("p = :n AND p = :n") V("':n':{'N':'1'}"), "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key"},
        {K("p.a = :n") V("':n':{'N':'1'}"), "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes"},
        {K("p = c"), "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"},
        {K(":n = :m") V("':n':{'N':'1'},':m':{'N':'1'}"), "Invalid condition in KeyConditionExpression: No key attribute specified"},
        {K("size(p) = :n") V("':n':{'N':'1'}"), "KeyConditionExpressions cannot contain nested operations"},
        {K("begins_with(:p, p)") V("':p':{'S':'1'}"),
         "Invalid condition in KeyConditionExpression: begins_with operator must have the key attribute as its first operand"},
        {K(""), "Invalid KeyConditionExpression: The expression can not be empty;"},
        {K("p = :p") V("':p':{'S':'x'}") ",'QueryFilter':{},'AttributesToGet':['a']",
         "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributesToGet, QueryFilter} "
         "Expression parameters: {KeyConditionExpression}"},
        {"'KeyConditions':{}", "Conditions can be of length 1 or 2 only"},
        {"'KeyConditions':{'a':{'ComparisonOperator':'EQ','AttributeValueList':[{'S':'x'},{'S':'y'}]}}",
         "One or more parameter values were invalid: Invalid number of argument(s) for the EQ ComparisonOperator"},
    };
    check_refusals(given_query, refusals, LENGTH(refusals));
    struct expressions e;
    str keys[] = {S("p"), S("c")};
    CHECK(!given_query("'FilterExpression':'a = b OR contains(c, d)'", &e) && filter_check_keys(&call, e.filter, keys, 2));
    CHECK_STR(call.error_message, S("Filter Expression can only contain non-primary key attributes: Primary key attribute: c"));
    CHECK(!filter_check_keys(&call, e.filter, keys, 1));
}

static void older_parameters(void) {
    static const struct refusal rows[] = {
        {"'Expected':{'a':{}}", "One or more parameter values were invalid: Value must be provided when Exists is null for Attribute: a"},
        {"'Expected':{'a':{'Exists':true}}", "One or more parameter values were invalid: Value must be provided when Exists is true for Attribute: a"},
        {"'Expected':{'a':{'Exists':false,'Value':{'S':'x'}}}", "One or more parameter values were invalid: Value cannot be used when Exists is false for Attribute: a"},
        {"'Expected':{'a':{'Exists':false,'ComparisonOperator':'NULL'}}",
         "One or more parameter values were invalid: Exists and ComparisonOperator cannot be used together for Attribute: a"},
        {"'Expected':{'a':{'Value':{'S':'x'},'AttributeValueList':[]}}",
         "One or more parameter values were invalid: Value and AttributeValueList cannot be used together for Attribute: a"},
        {"'Expected':{'a':{'AttributeValueList':[]}}",
         "One or more parameter values were invalid: AttributeValueList can only be used with a ComparisonOperator for Attribute: a"},
        {"'Expected':{'a':{'ComparisonOperator':'LT'}}",
         "One or more parameter values were invalid: Value or AttributeValueList must be used with ComparisonOperator: LT for Attribute: a"},
        {"'Expected':{'a':{'ComparisonOperator':'NULL','Value':{'S':'x'}}}",
         "One or more parameter values were invalid: Invalid number of argument(s) for the NULL ComparisonOperator"},
        {"'Expected':{'a':{'ComparisonOperator':'IN','AttributeValueList':[{'S':'x'},{'N':'1'}]}}",
         "One or more parameter values were invalid: AttributeValues inside AttributeValueList must be of same type"},
        {"'Expected':{'a':{'ComparisonOperator':'CONTAINS','AttributeValueList':[{'L':[]}]}}",
         "One or more parameter values were invalid: ComparisonOperator CONTAINS is not valid for L AttributeValue type"},
        {"'Expected':{'a':{'ComparisonOperator':'BETWEEN','AttributeValueList':[{'N':'2'},{'N':'1'}]}}",
         "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"},
        {"'ConditionalOperator':'AND'", "ConditionalOperator cannot be used without Filter or Expected"},
        {"'ConditionalOperator':'AND','Expected':{'a':{'Exists':false}}",
         "ConditionalOperator can only be used when Filter or Expected has two or more elements"},
        {"'AttributeUpdates':{'a':{'Action':'PUT'}}", "One or more parameter values were invalid: Only DELETE action is allowed when no attribute value is specified"},
        {"'AttributeUpdates':{'a':{'Action':'DELETE','Value':{'S':'x'}}}",
         "One or more parameter values were invalid: DELETE action with value is not supported for the type S"},
        {"'AttributeUpdates':{'a':{'Action':'ADD','Value':{'S':'x'}}}", "One or more parameter values were invalid: ADD action is not supported for the type S"},
        {"'AttributeUpdates':{'a':{'Value':{'NS':[]}}}", "One or more parameter values were invalid: An number set  may not be empty"},
    };
    check_refusals(given_update, rows, LENGTH(rows));
    static const struct {
        const char *members;
        bool holds;
    } held[] = {
        {"'Expected':{}", true},
        {"'Expected':{'n':{'Value':{'N':'5.0'}}}", true},
        {"'Expected':{'n':{'Exists':true,'Value':{'N':'6'}}}", false},
        {"'Expected':{'z':{'Exists':false}}", true},
        {"'Expected':{'n':{'Exists':false}}", false},
        {"'Expected':{'z':{'ComparisonOperator':'NE','AttributeValueList':[{'N':'1'}]}}", true},
        {"'Expected':{'z':{'ComparisonOperator':'NOT_CONTAINS','AttributeValueList':[{'N':'1'}]}}", false},
        {"'Expected':{'t':{'ComparisonOperator':'NOT_CONTAINS','AttributeValueList':[{'N':'1'}]}}", true},
        {"'Expected':{'t':{'ComparisonOperator':'NOT_CONTAINS','AttributeValueList':[{'S':'ex'}]}}", false},
        {"'Expected':{'t':{'ComparisonOperator':'BEGINS_WITH','AttributeValueList':[{'S':'te'}]},'n':{'ComparisonOperator':'BETWEEN','AttributeValueList':[{'N':'1'},{'N':'5'}]}}", true},
        {"'ConditionalOperator':'OR','Expected':{'t':{'ComparisonOperator':'NULL'},'n':{'ComparisonOperator':'IN','AttributeValueList':[{'N':'1'},{'N':'5'}]}}", true},
        {"'Expected':{'t':{'ComparisonOperator':'NULL'},'n':{'ComparisonOperator':'IN','AttributeValueList':[{'N':'1'},{'N':'5'}]}}", false},
    };
    struct value item = item_of("{'p':{'S':'x'},'n':{'N':'5'},'t':{'S':'text'},'s':{'SS':['a']},'l':{'L':[{'N':'1'}]}}"), got;
    struct expressions e;
    for (size_t i = 0; i < LENGTH(held); i++) {
        CHECK(!given_update(held[i].members, &e));
        if (expression_holds(&arena, e.condition, &item) != held[i].holds) printf("# %s\n", held[i].members);
        CHECK_INT(expression_holds(&arena, e.condition, &item), held[i].holds);
    }
    CHECK(!given_update("'AttributeUpdates':{'a':{'Value':{'S':'v'}},'n':{'Action':'ADD','Value':{'N':'1'}},'t':{'Action':'DELETE'},"
                        "'s':{'Action':'DELETE','Value':{'SS':['a']}},'l':{'Action':'ADD','Value':{'L':[{'N':'2'}]}}}", &e));
    CHECK(!update_apply(&call, e.update, &item, &got));
    CHECK_STR(shown(&got), S("{'a':{'S':'v'},'l':{'L':[{'N':'1'},{'N':'2'}]},'n':{'N':'6'},'p':{'S':'x'}}"));
    CHECK(!given_update("'AttributeUpdates':{'t':{'Action':'ADD','Value':{'N':'1'}}}", &e));
    CHECK(update_apply(&call, e.update, &item, &got) == &dynamodb_validation_exception);
    CHECK_STR(call.error_message, S("Type mismatch for attribute to update"));
}

UNIT_MAIN(UNIT(what_holds), UNIT(refused_conditions), UNIT(keywords_are_no_names), UNIT(refused_updates), UNIT(stray_characters), UNIT(limits), UNIT(what_updates_make),
          UNIT(what_updates_touch), UNIT(projections), UNIT(key_conditions), UNIT(older_parameters))
