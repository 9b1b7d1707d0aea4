/* The generated table binds what this file defines, and nothing else. */
#include "gen/example.h"
#include "unit.h"

struct call_plan {
    const char *id;
};
struct auth_facts {
    int asked;
};

err example_get_thing(struct call *c, const struct example_get_thing_request *in, struct example_thing *out) {
    out->name = in->id;
    return &example_not_there;
}

err example_put_body_prepare(struct call *c, const struct example_put_body_request *in, struct call_plan *plan) {
    plan->id = in->key.p;
    return NULL;
}

err example_watch_facts(struct call *c, const struct wire_unit *in, struct auth_facts *facts) {
    facts->asked++;
    return NULL;
}

static void what_is_defined_is_called(void) {
    struct example_get_thing_request in = {.id = S("one")};
    struct example_thing out = {0};
    CHECK(example_service.call(EXAMPLE_OP_GET_THING, SERVICE_HANDLE, NULL, &in, &out) == &example_not_there);
    CHECK_STR(out.name, S("one"));
    struct example_put_body_request body = {.key = S("two")};
    struct call_plan plan = {0};
    CHECK(!example_service.call(EXAMPLE_OP_PUT_BODY, SERVICE_PREPARE, NULL, &body, &plan));
    CHECK_STR(str_of(plan.id), S("two"));
    struct auth_facts facts = {0};
    CHECK(!example_service.call(EXAMPLE_OP_WATCH, SERVICE_FACTS, NULL, NULL, &facts));
    CHECK_INT(facts.asked, 1);
}

static void what_is_not_defined_is_null(void) {
    const struct service_op *ops = example_service.ops;
    CHECK(ops[EXAMPLE_OP_GET_THING].handle && !ops[EXAMPLE_OP_GET_THING].prepare && !ops[EXAMPLE_OP_GET_THING].facts);
    CHECK(!ops[EXAMPLE_OP_PUT_BODY].handle && ops[EXAMPLE_OP_PUT_BODY].prepare && !ops[EXAMPLE_OP_PUT_BODY].facts);
    CHECK(!ops[EXAMPLE_OP_WATCH].handle && !ops[EXAMPLE_OP_WATCH].prepare && ops[EXAMPLE_OP_WATCH].facts);
}

static const struct wire_member *member(const struct wire_shape *s, const char *name) {
    const struct wire_service *w = &example_wire;
    for (u32 i = 0; i < s->member_count; i++)
        if (str_eq(wire_text(w, w->members[s->first_member + i].name), str_of(name)))
            return &w->members[s->first_member + i];
    return NULL;
}

static void tables_describe_the_structs(void) {
    const struct wire_service *w = &example_wire;
    const struct wire_shape *thing = &w->shapes[EXAMPLE_SHAPE_THING];
    CHECK_INT(thing->size, sizeof(struct example_thing));
    CHECK_INT(member(thing, "Count")->offset, offsetof(struct example_thing, count));
    CHECK_STR(wire_text(w, member(thing, "Count")->default_value), S("7"));
    CHECK_STR(wire_text(w, member(thing, "Names")->location_name), S("NameList"));
    CHECK_STR(wire_text(w, member(thing, "Tags")->query_name), S("Tag"));
    CHECK_INT(member(thing, "Status")->location, WIRE_IN_STATUS);
    CHECK_INT(w->signing_hash, wire_hash(wire_text(w, w->signing_name)));
    CHECK_INT(w->target_hash, w->target_prefix ? wire_hash(wire_text(w, w->target_prefix)) : 0);
    CHECK_INT(member(thing, "When")->timestamp_format, WIRE_TIME_HTTP_DATE);
    CHECK_INT(member(thing, "Name")->flags, WIRE_REQUIRED);
    const struct wire_shape *map = &w->shapes[member(thing, "Tags")->shape];
    CHECK_INT(w->members[map->first_member + 1].offset, offsetof(struct example_tag_map_entry, value));
    const struct wire_shape *events = &w->shapes[EXAMPLE_SHAPE_EVENTS];
    CHECK_INT(events->flags, WIRE_UNION | WIRE_EVENT_STREAM);
    const struct wire_shape *state = &w->shapes[member(thing, "State")->shape];
    const struct wire_constraint *k = &w->constraints[state->constraint];
    CHECK_INT(k->enum_count, 3);
    CHECK_STR(wire_text(w, w->enums[k->first_enum + 2]), S("half way"));
}

static void operations_and_errors_are_described(void) {
    const struct wire_service *w = &example_wire;
    const struct wire_op *get = &w->ops[EXAMPLE_OP_GET_THING], *put = &w->ops[EXAMPLE_OP_PUT_BODY];
    CHECK_STR(wire_text(w, get->uri), S("/things/{id}?literal"));
    CHECK_INT(get->status, 203);
    CHECK_INT(get->flags, 0);
    CHECK_INT(get->error_count, 2);
    CHECK_INT(w->errors[get->first_error], EXAMPLE_SHAPE_NOT_THERE);
    CHECK_INT(put->flags, WIRE_OP_WRITES | WIRE_OP_STREAM_IN | WIRE_OP_CHECKSUM_REQUIRED | WIRE_OP_UNSIGNED_PAYLOAD);
    CHECK_INT(put->output, WIRE_NONE);
    CHECK_INT(w->ops[EXAMPLE_OP_WATCH].flags, WIRE_OP_WRITES | WIRE_OP_EVENTS_OUT | WIRE_OP_ANONYMOUS | WIRE_OP_REQUEST_GZIP);
    CHECK_INT(w->protocol, WIRE_RPC_V2_CBOR);
    CHECK_INT(w->protocols, 1 << WIRE_RPC_V2_CBOR | 1 << WIRE_AWS_JSON_1_0 | 1 << WIRE_AWS_QUERY);
    CHECK_STR(wire_text(w, w->namespace_), S("com.amazonaws.example"));
    CHECK_STR(str_of(example_not_there.query_code), S("Example.NotThere"));
    CHECK_INT(example_not_there.shape, EXAMPLE_SHAPE_NOT_THERE);
    CHECK_INT(example_broken.status, 500);
    CHECK(!example_broken.sender && example_not_there.sender);
}

UNIT_MAIN(UNIT(what_is_defined_is_called), UNIT(what_is_not_defined_is_null), UNIT(tables_describe_the_structs),
          UNIT(operations_and_errors_are_described))
