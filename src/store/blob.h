/* Blobs: bytes too large for a row, sealed on disk, durable before the row that names them.
 *
 * A blob is born staged (any thread), its bytes are added in order, and it is finished. A writing
 * function adopts it: the reference that goes into the row is valid from that commit on. What no row
 * adopted is swept at the next start. Placement by size: up to blob_inline_max the sealed bytes stand
 * in the reference itself; up to blob_segment_max in a shared segment file that the writer appends to
 * and syncs once per batch; above in a file of its own, synced by blob_stage_finish.
 *
 * Everything is sealed: chunks of 64 KiB of AES-256-GCM under a data key of the blob, wrapped by the
 * data directory's root key (DATA/root.key, 0600; later KMS). The tag is the integrity check of every
 * read: a flipped bit is an error, never wrong bytes.
 *
 * A reader pins: deletion and compaction wait for it. */
#ifndef BRUME_BLOB_H
#define BRUME_BLOB_H

#include "store/store.h"

enum { blob_inline_max = 1024, blob_segment_max = 64 << 10, blob_chunk = 64 << 10 };

struct blob_stage;
struct blob_placement {
    u32 zones; /* bit set of availability zones that hold a copy; 0: two of them, where there are two */
};
/* `expected` is the length if known (-1 if not): it chooses where the bytes go. */
struct blob_stage *blob_stage_new(struct store *s, i64 expected, struct blob_placement where);
/* Seals and buffers or writes; blocks on the disk for large blobs: on a worker then. False: disk. */
MUST_USE bool blob_stage_add(struct blob_stage *b, str bytes);
MUST_USE bool blob_stage_finish(struct blob_stage *b);
u64 blob_stage_length(const struct blob_stage *b);
bool blob_stage_blocks(const struct blob_stage *b); /* true: add may block on the disk from now on */
void blob_stage_drop(struct blob_stage *b); /* frees the stage; its bytes go unless adopted */

/* Makes the staged blob part of this transaction; the returned reference (in the txn's arena) is what
 * the room stores in its row. May run again for a re-run of the function. */
str txn_blob_adopt(struct txn *t, struct blob_stage *b);
/* A second reference to the same bytes (S3 CopyObject without rewriting): counted. */
str txn_blob_share(struct txn *t, str reference);
/* The row no longer names it: the space is reclaimed after the commit, when no reader pins it. */
void txn_blob_delete(struct txn *t, str reference);
/* Several blobs as one (multipart completion): the new reference takes over the parts. */
str txn_blob_concat(struct txn *t, const str *references, size_t n);
u64 blob_length(str reference);
bool blob_of_parts(str reference); /* it is one of those: each concatenation that shares it has all its parts in its list */

/* Reading. Opened inside a transaction (which proves that the row exists), read after it ended. */
struct blob_reader;
struct blob_reader *blob_open(struct txn *t, str reference, struct arena *a); /* closed with the arena */
/* Exact bytes of [offset, offset + n). false: damaged or gone from disk (never wrong bytes). Blocks. */
MUST_USE bool blob_read(struct blob_reader *r, u64 offset, void *out, size_t n);
bool blob_cached(const struct blob_reader *r); /* inline: reading does not touch the disk */
void blob_close(struct blob_reader *r);        /* early; idempotent */

/* The 32 bytes of DATA/root.key, for keys that others derive from it (tokens). Lives as long as the store. */
str store_root_key(struct store *s);

/* ---- availability zones ---- */
u32 store_zone_count(struct store *s);
/* Where `copies` of a blob shall stand: as many zones that are up, in turn. For blob_placement.zones. */
u32 txn_blob_spread(struct txn *t, u32 copies);
/* Takes a zone away, or brings it back: its directory is not read and not written meanwhile, also after a
 * restart. Coming back it gets what it missed. */
err store_zone_fault(struct store *s, u32 zone, bool down);
u32 store_zones_down(struct store *s); /* bit set */
/* The scrub reads and verifies all copies, by itself once a week and slowly, and mends what is damaged or
 * missing from another zone; each is logged. This is a whole pass at once; blocks. */
struct mend_report {
    u64 blobs, bytes, damaged, repaired, lost;
};
void store_scrub(struct store *s, struct mend_report *report);

/* Compaction of segments runs by itself; this forces a round (tests). Returns bytes reclaimed. */
u64 store_compact(struct store *s);
/* The whole cloud in one file, consistent while serving, and back into an empty directory. */
err store_snapshot_save(struct store *s, const char *path, str *problem, struct arena *a);
err store_snapshot_load(const char *directory, const char *path, str *problem, struct arena *a);

#endif
