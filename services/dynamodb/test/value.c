/* Values: what AWS refuses and in which words, normal form, sizes, rows. */
#include "given.h"
#include "services/dynamodb/dense.h"

static void refusals(void) {
    static const char *const rows[][2] = {
        {"{'a':{}}", "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
        {"{'a':{'S':null}}", "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
        {"{'a':{'X':'1'}}", "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
        {"{'a':{'S':'x','N':'1'}}", "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"},
        {"{'a':{'S':'x','N':'b'}}", "The parameter cannot be converted to a numeric value: b"},
        {"{'a':{'N':''}}", "The parameter cannot be converted to a numeric value"},
        {"{'a':{'NS':['1','x']}}", "The parameter cannot be converted to a numeric value: x"},
        {"{'a':{'N':'1e126'}}", "Number overflow. Attempting to store a number with magnitude larger than supported range"},
        {"{'a':{'N':'1e-131'}}", "Number underflow. Attempting to store a number with magnitude smaller than supported range"},
        {"{'a':{'NULL':false}}", "One or more parameter values were invalid: Null attribute value types must have the value of true"},
        {"{'a':{'SS':[]}}", "One or more parameter values were invalid: An string set  may not be empty"},
        {"{'a':{'NS':[]}}", "One or more parameter values were invalid: An number set  may not be empty"},
        {"{'a':{'BS':[]}}", "One or more parameter values were invalid: Binary sets should not be empty"},
        {"{'a':{'SS':['b','a','b']}}", "One or more parameter values were invalid: Input collection [b, a, b] contains duplicates."},
        {"{'a':{'NS':['1','1.0']}}", "Input collection contains duplicates"},
        {"{'a':{'BS':['Yg==','Yg==']}}", "One or more parameter values were invalid: Input collection [Yg==, Yg==]of type BS contains duplicates."},
        {"{'a':{'M':{'b':{'L':[{'S':'x'},{}]}}}}", "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct value item;
        CHECK(given_item(rows[i][0], &item) == &dynamodb_validation_exception);
        CHECK_STR(call.error_message, str_of(rows[i][1]));
    }
}

static str nested(int levels, bool list) {
    struct buf b = buf_new(&arena, 1 << 16);
    buf_add(&b, S("{'a':"));
    for (int i = 0; i < levels; i++) buf_add(&b, list ? S("{'L':[") : S("{'M':{'a':"));
    buf_add(&b, S("{'S':'x'}"));
    for (int i = 0; i < levels; i++) buf_add(&b, list ? S("]}") : S("}}"));
    buf_char(&b, '}');
    buf_char(&b, 0);
    return buf_str(&b);
}

static void depth(void) {
    struct value item;
    for (int list = 0; list < 2; list++) {
        CHECK(!given_item(nested(31, list).p, &item));
        CHECK(given_item(nested(32, list).p, &item));
        CHECK(str_starts(call.error_message, S("Nesting Levels have exceeded supported limits")));
    }
}

static const char everything[] =
    "{'z':{'S':''},'b':{'B':'AAEC'},'n':{'N':'-001.50'},'ss':{'SS':['b','a','']},'ns':{'NS':['10','-3','9']},"
    "'bs':{'BS':['Yg==','YQ==']},'t':{'BOOL':true},'f':{'BOOL':false},'0':{'NULL':true},'l':{'L':[{'N':'1e2'},{'L':[]},{'S':'x'}]},"
    "'m':{'M':{'y':{'M':{}},'x':{'SS':['q']}}},'e':{'B':''}}";

static void normal_form(void) {
    struct value item = item_of(everything);
    CHECK_STR(shown(&item),
              S("{'0':{'NULL':true},'b':{'B':'AAEC'},'bs':{'BS':['YQ==','Yg==']},'e':{'B':''},'f':{'BOOL':false},'l':{'L':[{'N':'100'},{'L':[]},{'S':'x'}]},"
                "'m':{'M':{'x':{'SS':['q']},'y':{'M':{}}}},'n':{'N':'-1.5'},'ns':{'NS':['-3','9','10']},'ss':{'SS':['','a','b']},"
                "'t':{'BOOL':true},'z':{'S':''}}"));
    CHECK(value_sound(&arena, &item));
}

static void rows_keep_items(void) {
    struct value item = item_of(everything), back;
    str row = item_encode(&arena, &item);
    CHECK(item_decode(&arena, row, &back));
    CHECK_INT(item_encoded_size(row), item_size(&item));
    CHECK_INT(item_size(&back), item_size(&item));
    CHECK_STR(shown(&back), shown(&item));
    CHECK(value_equal(&arena, &item, &back) && value_equal(&arena, &back, &item));
    CHECK(value_sound(&arena, &back));
    CHECK_STR(item_encode(&arena, &back), row);
    struct value v;
    CHECK(item_encoded_find(&arena, row, S("n"), &v) && v.type == VALUE_N);
    CHECK(!item_encoded_find(&arena, row, S("nn"), &v));
    const struct value *l = value_member(&arena, &back, S("l"));
    CHECK(l && l->packed && value_element(&arena, l, 2) && !value_element(&arena, l, 3));
    for (size_t n = 0; n < row.n; n++) CHECK(!item_decode(&arena, str_take(row, n), &back));
    str one = value_encode(&arena, l);
    CHECK(value_decode(&arena, one, &v) && value_equal(&arena, l, &v));
    struct dynamodb_attribute_map wire;
    ITEM_TO_WIRE(&arena, &back, wire);
    CHECK(!ITEM_OF_WIRE(&call, wire, &v));
    CHECK_STR(shown(&v), shown(&item));
}

/* Every character in every place of a text of every length. */
static void texts_are_dense(void) {
    char text[128], back[128];
    for (u32 n = 0; n < 40; n++)
        for (int first = ' '; first < 0x80; first++) {
            for (u32 i = 0; i < n; i++) text[i] = (char)(' ' + ((u32)(first - ' ') + i * 37) % 96);
            struct buf b = buf_new(&arena, 128);
            dense_write(&b, (str){text, n});
            CHECK_INT(buf_str(&b).n, dense_size(n));
            CHECK(dense_read(buf_str(&b), n, back) && str_eq((str){back, n}, (str){text, n}));
        }
    for (u32 i = 0; i < 20; i++)
        for (int c = 0; c < 256; c++) {
            memset(text, 'a', 20);
            text[i] = (char)c;
            CHECK(dense_fits((str){text, 20}) == (c >= ' ' && c < 0x80));
        }
    CHECK(!dense_read((str){"\xff\xff\xff\xff\xff", 5}, 6, back) && !dense_read(S("\n"), 1, back));
}

/* As versions before wrote it: what was plain is read, and is the same value. */
static void rows_of_older_versions(void) {
    struct value item = item_of("{'m':{'M':{'t':{'S':'abcdefghijklmnopqrstuvwxyz0123'}}}}"), old, v;
    static const char row[] = "\x24\x01\x01m\x07\x23\x01\x01t\x01\x1e" "abcdefghijklmnopqrstuvwxyz0123";
    CHECK(item_decode(&arena, (str){row, sizeof row - 1}, &old) && value_sound(&arena, &old));
    str now = item_encode(&arena, &item);
    CHECK(now.n < sizeof row - 1 && item_decode(&arena, now, &v));
    CHECK(value_equal(&arena, &old, &v) && value_equal(&arena, &item, &old));
    CHECK_INT(item_size(&v), item_size(&item));
    CHECK_INT(item_size(&old), item_size(&item));
    item = item_of("{'m':{'M':{'t':{'S':'abcdefghijklmnopqrstuvwxyz0124'}}}}");
    CHECK(!value_equal(&arena, &old, &item) && !value_equal(&arena, &v, &item));
}

/* The developer guide's rules, "Item sizes and formats". */
static void sizes(void) {
    static const struct {
        const char *item;
        u32 size;
    } rows[] = {
        {"{}", 0}, {"{'ab':{'S':'xyz'}}", 5}, {"{'a':{'S':'\u00e9'}}", 3}, {"{'a':{'N':'42'}}", 3}, {"{'a':{'NULL':true}}", 2},
        {"{'a':{'BOOL':false}}", 2}, {"{'a':{'B':'AAEC'}}", 4}, {"{'a':{'SS':['x','yz']}}", 4}, {"{'a':{'L':[]}}", 4},
        {"{'a':{'L':[{'S':'x'},{'S':'y'}]}}", 8}, {"{'a':{'M':{'k':{'S':'v'}}}}", 7}, {"{'a':{'NS':['1','-1']}}", 6},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct value item = item_of(rows[i].item);
        CHECK_INT(item_size(&item), rows[i].size);
    }
}

static void equality_and_order(void) {
    struct value item = item_of("{'a':{'SS':['x','y']},'b':{'SS':['y','x']},'c':{'N':'1'},'d':{'N':'1.0'},'e':{'N':'2'},'f':{'S':'1'},"
                                "'g':{'L':[{'N':'1'}]},'h':{'L':[{'N':'1.0'}]},'i':{'S':'10'},'j':{'N':'10'}}");
    const struct value *v[10];
    for (u32 i = 0; i < 10; i++) v[i] = &item.members[i].value;
    CHECK(value_equal(&arena, v[0], v[1]) && value_equal(&arena, v[2], v[3]) && value_equal(&arena, v[6], v[7]));
    CHECK(!value_equal(&arena, v[2], v[4]) && !value_equal(&arena, v[2], v[5]));
    int order;
    CHECK(value_compare(v[4], v[9], &order) && order < 0);
    CHECK(value_compare(v[5], v[8], &order) && order < 0);
    CHECK(!value_compare(v[2], v[5], &order) && !value_compare(v[0], v[1], &order));
    struct value y = value_string(S("y")), z = value_string(S("z"));
    CHECK(set_contains(&arena, v[0], &y) && !set_contains(&arena, v[0], &z) && !set_contains(&arena, v[6], &y));
    struct value key = value_of_key(&arena, VALUE_N, value_key(&arena, v[9]));
    CHECK(value_equal(&arena, &key, v[9]));
}

static void items_as_new_ones(void) {
    struct value item = item_of("{'b':{'S':'1'},'d':{'S':'2'}}"), x = value_string(S("x")), none = {0};
    struct value with = item_with(&arena, &item, S("c"), &x), other = item_with(&arena, &with, S("b"), &none);
    CHECK_STR(shown(&with), S("{'b':{'S':'1'},'c':{'S':'x'},'d':{'S':'2'}}"));
    CHECK_STR(shown(&other), S("{'c':{'S':'x'},'d':{'S':'2'}}"));
    other = item_with(&arena, &other, S("e"), &x);
    other = item_with(&arena, &other, S("c"), &item.members[0].value);
    CHECK_STR(shown(&other), S("{'c':{'S':'1'},'d':{'S':'2'},'e':{'S':'x'}}"));
    str names[] = {S("d"), S("nope"), S("c")};
    other = item_of_names(&arena, &other, names, 3);
    CHECK_STR(shown(&other), S("{'c':{'S':'1'},'d':{'S':'2'}}"));
}

UNIT_MAIN(UNIT(refusals), UNIT(depth), UNIT(normal_form), UNIT(rows_keep_items), UNIT(texts_are_dense), UNIT(rows_of_older_versions), UNIT(sizes), UNIT(equality_and_order), UNIT(items_as_new_ones))
