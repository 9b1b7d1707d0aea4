#include "front/config.h"
#include "unit.h"

static struct arena memory;
static str problem;

static bool flags(struct config *c, struct arguments *a, const char *line) {
    static char *argv[16];
    int n = 0;
    argv[n++] = arena_c_string(&memory, S("brume"));
    for (str rest = str_of(line); rest.p && n < 15;) argv[n++] = arena_c_string(&memory, str_cut(&rest, ' '));
    *c = (struct config){.port = 4566};
    return config_read_flags(&memory, *line ? n : 1, argv, c, a, &problem);
}

static bool has(const char *part) { return str_find(problem, str_of(part)) != STR_NONE; }

static void flags_stand_anywhere(void) {
    struct config c;
    struct arguments a;
    CHECK(flags(&c, &a, "--port 80 status --tls --data=/x"));
    CHECK_INT(c.port, 80);
    CHECK(c.tls);
    CHECK_STR(str_of(c.data), S("/x"));
    CHECK_STR(str_of(a.command), S("status"));
    CHECK_INT(a.n, 0);
    CHECK(flags(&c, &a, "--tls=false --log debug"));
    CHECK(!c.tls);
    CHECK_INT(c.log, LOG_DEBUG);
    CHECK(!a.command);
    CHECK(flags(&c, &a, ""));
}

static void what_is_run_keeps_its_flags(void) {
    struct config c;
    struct arguments a;
    CHECK(flags(&c, &a, "run --port 5 -- aws --port 6"));
    CHECK_INT(c.port, 5);
    CHECK_INT(a.n, 3);
    CHECK_STR(str_of(a.v[1]), S("--port"));
    CHECK(flags(&c, &a, "run ls -l"));
    CHECK_INT(a.n, 2);
    CHECK(flags(&c, &a, "clock --help"));
    CHECK_STR(str_of(a.command), S("help"));
    CHECK_STR(str_of(a.v[0]), S("clock"));
}

static void slips_are_refused_with_what_was_meant(void) {
    struct config c;
    struct arguments a;
    CHECK(!flags(&c, &a, "--prot 80") && has("--port"));
    CHECK(!flags(&c, &a, "--ephem") && has("--ephemeral"));
    CHECK(!flags(&c, &a, "--zzzzzzzz 1") && !has("mean"));
    CHECK(!flags(&c, &a, "--port") && has("--port PORT"));
    CHECK(!flags(&c, &a, "--port 65536") && has("65535"));
    CHECK(!flags(&c, &a, "--port 80x"));
    CHECK(!flags(&c, &a, "--log loud") && has("debug"));
    CHECK(!flags(&c, &a, "--tls=maybe"));
    CHECK(!flags(&c, &a, "--data="));
    CHECK(!flags(&c, &a, "-p 80"));
    CHECK(!flags(&c, &a, "status --coalesce") && has("brume clock"));
    CHECK(!flags(&c, &a, "--account 111111111111") && has("brume reset"));
}

static bool environment(struct config *c, const char *entry) {
    char *list[] = {arena_c_string(&memory, S("HOME=/")), arena_c_string(&memory, str_of(entry)), NULL};
    return config_read_environment(&memory, list, c, &problem);
}

static void flag_before_variable_before_file(void) {
    struct config c;
    struct arguments a;
    CHECK(flags(&c, &a, "--port 1"));
    CHECK(environment(&c, "BRUME_PORT=2") && environment(&c, "BRUME_ZONES=2"));
    CHECK(config_read_text(&memory, S("port = 3\nzones = 3\nloops = 3 # of a few\n\n# nothing\r\n  log=warn"), "f", &c, &problem));
    CHECK_INT(c.port, 1);
    CHECK_INT(c.zones, 2);
    CHECK_INT(c.loops, 3);
    CHECK_INT(c.log, LOG_WARN);
    CHECK(config_was_set(&c, "loops"));
    CHECK(!config_was_set(&c, "listen"));
}

static void variables_that_look_like_slips_are_refused(void) {
    struct config c = {0};
    CHECK(!environment(&c, "BRUME_PROT=1") && has("BRUME_PORT"));
    CHECK(!environment(&c, "BRUME_PORT=x") && has("BRUME_PORT"));
    CHECK(environment(&c, "BRUME_BINARY=/x"));
    CHECK(environment(&c, "BRUME_FAULT=write:1:EIO"));
    CHECK(!environment(&c, "BRUME_ROOT_ACCESS_KEY_ID=A") && has("BRUME_ROOT_SECRET_ACCESS_KEY"));
}

static void files_are_strict(void) {
    static const char *const wrong[] = {"port", "prot = 1", "port = 1\nport = 2", "config = x", "account = 1", "= 1", "port ="};
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        struct config c = {0};
        CHECK(!config_read_text(&memory, str_of(wrong[i]), "brume.conf", &c, &problem));
        CHECK(has("brume.conf, line "));
    }
    struct config c = {0};
    CHECK(!config_read_text(&memory, S("\nprot = 1"), "brume.conf", &c, &problem) && has("line 2") && has("mean port"));
}

UNIT_MAIN(UNIT(flags_stand_anywhere), UNIT(what_is_run_keeps_its_flags), UNIT(slips_are_refused_with_what_was_meant),
          UNIT(flag_before_variable_before_file), UNIT(variables_that_look_like_slips_are_refused), UNIT(files_are_strict))
