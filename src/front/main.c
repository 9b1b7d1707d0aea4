#include "front/serve.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    struct config config = {.data = "/tmp/brume-data", .listen = "127.0.0.1", .port = 4566, .log = LOG_INFO};
    for (int i = 1; i < argc; i++) {
        str flag = str_of(argv[i]);
        if (str_eq(flag, S("serve"))) continue;
        if (str_eq(flag, S("--ephemeral"))) config.ephemeral = true;
        else if (str_eq(flag, S("--tls"))) config.tls = true;
        else if (i + 1 == argc) break;
        else if (str_eq(flag, S("--data"))) config.data = argv[++i];
        else if (str_eq(flag, S("--listen"))) config.listen = argv[++i];
        else if (str_eq(flag, S("--port"))) config.port = (int)strtol(argv[++i], NULL, 10);
        else if (str_eq(flag, S("--log"))) config.log = str_eq(str_of(argv[++i]), S("debug")) ? LOG_DEBUG : LOG_INFO;
    }
    return serve(&config);
}
