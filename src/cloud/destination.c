#include "cloud/destination.h"

static const struct record_field call_fields[] = {
    RECORD_STR(1, struct destination_call, destination),
    RECORD_STR(2, struct destination_call, body),
    RECORD_LIST(3, struct destination_call, path_values, record_pair_type),
    RECORD_LIST(4, struct destination_call, headers, record_pair_type),
    RECORD_LIST(5, struct destination_call, query, record_pair_type),
    RECORD_STR(6, struct destination_call, answer_kind),
    RECORD_STR(7, struct destination_call, answer_key),
    RECORD_I64(8, struct destination_call, attempts),
};
const struct record_type destination_call_record = RECORD_TYPE(struct destination_call, call_fields);

static const struct record_field answer_fields[] = {
    RECORD_I64(1, struct destination_answer, status),
    RECORD_STR(2, struct destination_answer, body),
    RECORD_STR(3, struct destination_answer, why),
};
const struct record_type destination_answer_record = RECORD_TYPE(struct destination_answer, answer_fields);

void destination_call_begin(struct txn *t, struct arena *a, const struct destination_call *call) {
    str key = arena_format(a, "%.*s %.*s", STR_ARGS(call->answer_kind), STR_ARGS(call->answer_key));
    txn_task_set(t, &(struct task){.kind = S("events-invoke"), .key = key, .payload = record_encode(a, &destination_call_record, call)});
}

struct destination_answer destination_answer_read(struct arena *a, const struct task *task) {
    struct destination_answer answer = {0};
    ASSERT(record_decode(a, &destination_answer_record, arena_str(a, task->payload), &answer));
    return answer;
}
