/* A store without blobs: the hooks of internal.h, for as long as the blob part is not linked. */
#include "store/internal.h"

err blobs_open(struct store *s, struct arena *boot, str *problem) { return NULL; }
void blobs_close(struct store *s) {}
bool blob_batch_sync(struct store *s, struct batch *batch) { return batch->blobs == NULL; }
void blob_batch_committed(struct store *s, struct batch *batch) {}
void blob_batch_aborted(struct store *s, struct batch *batch) {}
