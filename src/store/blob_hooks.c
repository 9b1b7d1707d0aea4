/* A store without blobs: the hooks of blob_core.h, for as long as the blob part is not linked. */
#include "store/internal.h"

struct blobs {
    char unused;
};

struct blobs *blobs_open(struct store *s, const struct store_config *config, struct arena *boot, str *problem) {
    return NEW(boot, struct blobs);
}
void blobs_stop(struct blobs *b) {}
void blobs_close(struct blobs *b) {}
bool blob_batch_sync(struct store *s, struct batch *batch) { return batch->blobs == NULL; }
void blob_batch_committed(struct store *s, struct batch *batch) {}
void blob_batch_aborted(struct store *s, struct batch *batch) {}
