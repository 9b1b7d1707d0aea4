/* The seam between the transaction core and the blob part: what each calls of the other. Rooms above
 * the store never include this.
 *
 * All facts about blobs are rows (prefix "blob"), written through txn_put like any other, so that a
 * function that fails or runs again leaves nothing behind. What happens on disk beside the rows is a
 * hint that the rows confirm: bytes without a row are swept. */
#ifndef BRUME_BLOB_CORE_H
#define BRUME_BLOB_CORE_H

#include "store/blob.h"

struct blobs;
struct batch;

/* ---- the core calls ---- */

/* After the rows are open and the writer runs. NULL and *problem on failure. Reads or makes
 * DATA/root.key and the zones' directories. */
struct blobs *blobs_open(struct store *s, const struct store_config *config, struct arena *boot, str *problem);
/* Once the store knows its blobs: the keeper's thread may begin. */
void blobs_start(struct blobs *b);
/* First step of store_close, while the writer still runs: ends the keeper. */
void blobs_stop(struct blobs *b);
/* Last step, after the writer ended. */
void blobs_close(struct blobs *b);

/* The writer, around each commit. sync: everything that this batch's functions adopted is durable when
 * it returns true; false: the disk failed and the batch must not be committed. Then exactly one of
 * committed and aborted. */
MUST_USE bool blob_batch_sync(struct store *s, struct batch *batch);
void blob_batch_committed(struct store *s, struct batch *batch);
void blob_batch_aborted(struct store *s, struct batch *batch);

/* The background thread, for the journal too. */
struct keeper *blobs_keeper(struct blobs *b);
/* Runs the sweep and all removals that nothing holds back; waits for them (tests). */
void blobs_sweep(struct blobs *b);
/* While held, no file goes: a save copies the rows first, then the files that they name. */
void blobs_hold(struct blobs *b, bool hold);

/* ---- the blob part calls ---- */
struct blobs *store_blobs(struct store *s);
struct store *txn_store(struct txn *t);
const char *store_directory(struct store *s);
/* Number of the oldest snapshot in use (of the newest commit, if none): files that a row named are
 * removed only when no snapshot can still see that row. */
u64 store_oldest_snapshot(struct store *s);
/* A compact consistent copy of all rows, written to `fd` at its file position. 0 or errno. */
int store_copy_rows(struct store *s, int fd);
/* The name inside the data directory of the file that such a copy becomes. */
extern const char store_rows_name[];

#endif
