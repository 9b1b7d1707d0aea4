/* Private to the room: what a request wants of a table's items, as policies see it: fine-grained access control
 * (developer guide, "Using IAM policy conditions for fine-grained access control"). */
#ifndef BRUME_DYNAMODB_ACCESS_H
#define BRUME_DYNAMODB_ACCESS_H

#include "services/dynamodb/dynamodb.h"

struct ddb_access {
    str table, index, action; /* table: name or ARN */
    /* Keys, or whole items that are put: they say dynamodb:LeadingKeys (Query: its key condition does). */
    const struct value *items;
    u32 n;
    const struct dynamodb_attribute_map_entry *wire; /* or one of them as it came */
    u32 wire_n;
    const struct expressions *asked;     /* they say dynamodb:Attributes */
    const struct parameters *parameters; /* or as they came */
    bool reads;
    str select;    /* of reads, the parameter: absent for the default */
    str enclosing; /* dynamodb:EnclosingOperation: of a part of a transaction */
    str full_scan; /* dynamodb:FullTableScan: "true" or "false", of PartiQL's SELECT */
    /* filled by ddb_access_facts */
    struct call *call;
};
/* What is on the table's policy, and the condition keys; `access` must live as long as the decision. */
void ddb_access_facts(struct call *c, struct ddb_access *access, struct auth_facts *facts);
/* The right to what one entry of a request wants, asked with the table's policy. */
MUST_USE err ddb_allow(struct call *c, struct ddb_access *access);

#endif
