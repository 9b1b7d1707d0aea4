/* Private to the simulator: one simulation, gathered by simulation.c, evaluated by simulate.c. */
#ifndef BRUME_IAM_SIMULATE_H
#define BRUME_IAM_SIMULATE_H

#include "iam.h"

enum { SIM_DOCUMENTS_MAX = POLICIES_PER_IDENTITY + 64, SIM_MATCHED_MAX = 64 };

struct sim_statement {
    str text; /* a view into its document */
    const struct policy *compiled; /* alone */
};
struct sim_document {
    str json, id, type; /* SourcePolicyId, SourcePolicyType */
    const struct policy *compiled;
    struct sim_statement *statements;
    u32 n;
};
struct sim_documents {
    struct sim_document *v;
    u32 n;
};
struct sim {
    struct call *call;
    struct principal principal;
    bool has_caller, organization; /* organization: SCPs were looked at */
    str name, owner; /* the caller's name; the account that owns the resources */
    struct record_pairs tags;
    struct sim_documents identity, boundary, resource; /* the last two: one or none */
    struct policy_level *levels;
    u32 level_count;
    const struct iam_context_entry_list_type *entries;
    const struct policy *everything; /* allows all */
    struct key_names keys; /* that the documents mention */
    bool *missing;         /* of these, in the evaluation at hand */
};

MUST_USE err sim_add(struct sim *s, struct sim_documents *list, str json, str id, str type, enum policy_kind kind);
void sim_evaluate(struct sim *s, str action, str resource, struct iam_evaluation_result *out);

#endif
