/* PutEventSelectors, GetEventSelectors. */
#include "cloudtrail.h"

err cloudtrail_put_event_selectors(struct call *c, const struct cloudtrail_put_event_selectors_request *in, struct cloudtrail_put_event_selectors_response *out) {
    struct ct_trail trail;
    TRY(ct_trail_open_to_change(c, in->trail_name, &trail));
    if (!in->event_selectors.n == !in->advanced_event_selectors.n)
        return fail(c, &cloudtrail_invalid_event_selectors_exception, "Invalid event selectors: either EventSelectors or AdvancedEventSelectors must be given.");
    trail.selectors = (struct ct_selectors){0};
    trail.advanced = (struct ct_advanced_list){0};
    if (in->event_selectors.n) TRY(ct_take_basic(c, &in->event_selectors, &trail));
    else TRY(ct_take_advanced(c, &in->advanced_event_selectors, &trail));
    ct_trail_save(c->txn, c->arena, &trail);
    ct_apply(c, &trail);
    out->trail_arn = trail.arn;
    if (trail.selectors.n) out->event_selectors = ct_give_basic(c, &trail);
    else out->advanced_event_selectors = ct_give_advanced(c, &trail);
    return NULL;
}

err cloudtrail_get_event_selectors(struct call *c, const struct cloudtrail_get_event_selectors_request *in, struct cloudtrail_get_event_selectors_response *out) {
    struct ct_trail trail;
    TRY(ct_trail_open(c, in->trail_name, &trail));
    out->trail_arn = trail.arn;
    if (trail.advanced.n) out->advanced_event_selectors = ct_give_advanced(c, &trail);
    else out->event_selectors = ct_give_basic(c, &trail);
    return NULL;
}
