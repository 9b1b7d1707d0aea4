#include "base/encode.h"
#include "unit.h"
#include "wire/wire.h"

static struct arena a;

static str framed(const struct wire_event_header *headers, size_t n, str payload) {
    struct buf b = buf_new(&a, 1000);
    wire_event_frame(&b, headers, n, payload);
    return buf_str(&b);
}

static const struct wire_event_header headers[] = {
    {.name = {"s", 1}, .type = WIRE_EVENT_STRING, .value = {"hi", 2}},
    {.name = {"i", 1}, .type = WIRE_EVENT_INT, .number = -2},
    {.name = {"t", 1}, .type = WIRE_EVENT_TRUE},
    {.name = {"b", 1}, .type = WIRE_EVENT_BYTES, .value = {"\t", 1}},
    {.name = {"l", 1}, .type = WIRE_EVENT_LONG, .number = (i64)1 << 40},
};

/* The expected bytes were made by Python's struct and zlib. */
static void frames_are_as_the_format_says(void) {
    CHECK_STR(hex_of(&a, framed(NULL, 0, S(""))), S("000000100000000005c248eb7d98c8ff"));
    CHECK_STR(hex_of(&a, framed(NULL, 0, S("{'foo':'bar'}"))),
              S("0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936"));
    CHECK_STR(hex_of(&a, framed(headers, LENGTH(headers), S("p"))), S("000000330000002256c35cdb01730700026869016904fffffffe017400016206000109016c05000001000000000070634817f0"));
}

static void frames_are_read_back(void) {
    str bytes = framed(headers, LENGTH(headers), S("p")), rest = bytes, payload;
    struct wire_event_header *read;
    size_t n;
    bool broken;
    CHECK(wire_event_unframe(&rest, &a, &read, &n, &payload, &broken));
    CHECK(rest.n == 0 && n == LENGTH(headers));
    CHECK_STR(payload, S("p"));
    CHECK_STR(read[0].value, S("hi"));
    CHECK_INT(read[1].number, -2);
    CHECK_INT(read[2].type, WIRE_EVENT_TRUE);
    CHECK_INT(read[4].number, (i64)1 << 40);
    for (size_t i = 0; i < bytes.n; i++) {
        rest = str_take(bytes, i);
        CHECK(!wire_event_unframe(&rest, &a, &read, &n, &payload, &broken) && !broken);
        char *altered = arena_c_string(&a, bytes);
        altered[i] ^= 0x10;
        rest = (str){altered, bytes.n};
        CHECK(!wire_event_unframe(&rest, &a, &read, &n, &payload, &broken) && broken);
    }
}

UNIT_MAIN(UNIT(frames_are_as_the_format_says), UNIT(frames_are_read_back))
