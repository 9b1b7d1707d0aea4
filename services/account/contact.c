/* Where the owner of an account is reached. */
#include "account.h"

static const struct record_field contact_fields[] = {
    RECORD_STR(1, struct account_contact_information, full_name),
    RECORD_STR(2, struct account_contact_information, address_line1),
    RECORD_STR(3, struct account_contact_information, address_line2),
    RECORD_STR(4, struct account_contact_information, address_line3),
    RECORD_STR(5, struct account_contact_information, city),
    RECORD_STR(6, struct account_contact_information, state_or_region),
    RECORD_STR(7, struct account_contact_information, district_or_county),
    RECORD_STR(8, struct account_contact_information, postal_code),
    RECORD_STR(9, struct account_contact_information, country_code),
    RECORD_STR(10, struct account_contact_information, phone_number),
    RECORD_STR(11, struct account_contact_information, company_name),
    RECORD_STR(12, struct account_contact_information, website_url),
};
static const struct record_type contact_record = RECORD_TYPE(struct account_contact_information, contact_fields);

static const struct record_field alternate_fields[] = {
    RECORD_STR(1, struct account_alternate_contact, name),
    RECORD_STR(2, struct account_alternate_contact, title),
    RECORD_STR(3, struct account_alternate_contact, email_address),
    RECORD_STR(4, struct account_alternate_contact, phone_number),
    RECORD_STR(5, struct account_alternate_contact, alternate_contact_type),
};
static const struct record_type alternate_record = RECORD_TYPE(struct account_alternate_contact, alternate_fields);

err account_put_contact_information(struct call *c, const struct account_put_contact_information_request *in, struct wire_unit *out) {
    (void)out;
    str account;
    TRY(account_open(c, in->account_id, &account));
    txn_put(c->txn, account_key(c->arena, account, "contact", S("")), record_encode(c->arena, &contact_record, in->contact_information));
    return NULL;
}

err account_get_contact_information(struct call *c, const struct account_get_contact_information_request *in,
                                    struct account_get_contact_information_response *out) {
    str account, row;
    TRY(account_open(c, in->account_id, &account));
    if (!txn_get(c->txn, account_key(c->arena, account, "contact", S("")), &row)) return account_absent(c, "contact information");
    out->contact_information = NEW(c->arena, struct account_contact_information);
    ASSERT(record_decode(c->arena, &contact_record, arena_str(c->arena, row), out->contact_information));
    return NULL;
}

err account_put_alternate_contact(struct call *c, const struct account_put_alternate_contact_request *in, struct wire_unit *out) {
    (void)out;
    str account;
    TRY(account_open(c, in->account_id, &account));
    struct account_alternate_contact contact = {.name = in->name, .title = in->title, .email_address = in->email_address,
                                                .phone_number = in->phone_number, .alternate_contact_type = in->alternate_contact_type};
    txn_put(c->txn, account_key(c->arena, account, "alternate", in->alternate_contact_type), record_encode(c->arena, &alternate_record, &contact));
    return NULL;
}

err account_get_alternate_contact(struct call *c, const struct account_get_alternate_contact_request *in,
                                  struct account_get_alternate_contact_response *out) {
    str account, row;
    TRY(account_open(c, in->account_id, &account));
    if (!txn_get(c->txn, account_key(c->arena, account, "alternate", in->alternate_contact_type), &row))
        return account_absent(c, "contact of the inputted alternate contact type");
    out->alternate_contact = NEW(c->arena, struct account_alternate_contact);
    ASSERT(record_decode(c->arena, &alternate_record, arena_str(c->arena, row), out->alternate_contact));
    return NULL;
}

err account_delete_alternate_contact(struct call *c, const struct account_delete_alternate_contact_request *in, struct wire_unit *out) {
    (void)out;
    str account, row;
    TRY(account_open(c, in->account_id, &account));
    str key = account_key(c->arena, account, "alternate", in->alternate_contact_type);
    if (!txn_get(c->txn, key, &row)) return account_absent(c, "contact of the inputted alternate contact type");
    txn_delete(c->txn, key);
    return NULL;
}
