/* Inside the blob part only. BLOBS.md has the formats on disk. */
#ifndef BRUME_BLOB_INTERNAL_H
#define BRUME_BLOB_INTERNAL_H

#include "crypto/crypto.h"
#include "store/blob.h"
#include "store/blob_core.h"
#include "store/keeper.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    BLOB_FORMAT = 1,
    ZONES_MAX = 8,
    CHUNK_SEALED = blob_chunk + AEAD_TAG,
    WRAPPED_KEY = AEAD_NONCE + AEAD_KEY + AEAD_TAG,
    RECORD_HEADER = 16,
    RECORD_MAX = RECORD_HEADER + blob_segment_max + AEAD_TAG,
    RUN_CHUNKS = 4, /* read and written at a time */
    RUN_BYTES = RUN_CHUNKS * CHUNK_SEALED,
    SEGMENT_BYTES = 64 << 20,
    STREAMS_MAX = 16, /* for each set of zones that is written to */
    PENDING_BYTES = 1 << 20,
    FILES_BITS = 12 /* files of 4096 successive ids share a directory */
};
enum blob_kind { BLOB_INLINE = 1, BLOB_SEGMENT = 2, BLOB_FILE = 3, BLOB_PARTS = 4 };

/* ---- rows and references (blob_rows.c) ---- */
struct blob_row {
    u8 kind;
    u32 references, zones;
    u64 length;
    u8 wrapped[WRAPPED_KEY];
    u64 segment, offset; /* SEGMENT: of the record's header */
    str parts;           /* PARTS: an encoded list, see parts_next */
};
struct segment_row {
    u32 zones;
    u64 end, live; /* bytes of records: all that a row ever named, those that one still names */
};
struct blob_reference {
    u8 kind;
    u64 id, length;
    const u8 *wrapped; /* INLINE: the key, then bytes and tag */
    str sealed;
};
str blob_key(struct arena *a, u64 id);
str segment_key(struct arena *a, u64 number);
str dead_key(struct arena *a, u64 id); /* a deleted PARTS blob whose parts are being deleted */
bool blob_row_get(struct txn *t, u64 id, struct blob_row *row); /* parts: a view */
void blob_row_put(struct txn *t, u64 id, const struct blob_row *row);
str blob_row_encode(struct arena *a, const struct blob_row *row);
bool blob_row_decode(str bytes, struct blob_row *row);
bool segment_row_get(struct txn *t, u64 number, struct segment_row *row);
bool segment_row_decode(str bytes, struct segment_row *row);
void segment_row_put(struct txn *t, u64 number, const struct segment_row *row);
void segment_row_change(struct txn *t, u64 number, u32 zones, u64 end, i64 live_change);
str reference_encode(struct arena *a, u8 kind, u64 id, u64 length);
bool reference_decode(str bytes, struct blob_reference *r);
/* Entries of a parts list: the reference and, of a FILE (whose row never changes otherwise), its row. */
void parts_add(struct buf *list, str reference, str row);
bool parts_next(str *rest, str *reference, str *row);

/* ---- sealing (blob_seal.c) ---- */
struct cipher { /* pooled; one thread at a time */
    struct arena arena;
    struct aead *root, *data;
    struct cipher *next;
};
/* A fresh data key, set in c->data and wrapped once the length is known. */
void cipher_new_key(struct cipher *c, u8 key[static AEAD_KEY]);
void cipher_wrap(struct cipher *c, const u8 key[static AEAD_KEY], u64 id, u64 length,
                 u8 wrapped[static WRAPPED_KEY]);
MUST_USE bool cipher_unwrap(struct cipher *c, u64 id, u64 length, const u8 wrapped[static WRAPPED_KEY]);
void chunk_seal(struct cipher *c, u64 index, str in, u8 *out); /* out: in.n + AEAD_TAG bytes */
MUST_USE bool chunk_open(struct cipher *c, u64 index, str sealed, u8 *out);
u64 sealed_length(u64 length);
bool root_key_load(struct blobs *b, str *problem, struct arena *a);

/* ---- segments (blob_segment.c): appended by the writer only ---- */
struct stream {
    _Atomic u64 number; /* 0: none open */
    u32 zones;
    int fd[ZONES_MAX];
    u64 written, end; /* end - written bytes are pending */
    u8 *pending;
    bool dirty, fresh; /* needs a data sync; its name needs a directory sync */
    u64 used;
};
struct closing {
    int fd[ZONES_MAX];
    u32 zones;
    bool fresh;
};
/* Copies a record behind the zones' open segment. False: the disk failed, the batch is lost. */
MUST_USE bool segment_append(struct blobs *b, struct txn *t, u32 zones, str record, u64 *number, u64 *offset);
void segments_flush(struct blobs *b); /* pending bytes become readable */
bool segments_sync(struct blobs *b);
void segments_abandon(struct blobs *b); /* after a failed write: what follows goes to new files */
bool segment_active(struct blobs *b, u64 number);
void segment_close(struct blobs *b, u64 number);
void segments_close_all(struct blobs *b);
void segments_end(struct blobs *b);
void segment_path(const struct blobs *b, int zone, u64 number, char *path);

/* ---- own files (blob_stage.c) ---- */
void file_path(const struct blobs *b, int zone, u64 id, char *path);
enum { BLOB_PATH = 4096 };

/* ---- readers (blob_read.c) ---- */
bool reader_pins(struct blobs *b, u8 kind, u64 number);

/* ---- what is to be removed (blob_gone.c) ---- */
struct gone {
    u8 kind;
    u64 number;      /* blob id, or segment */
    u64 after_batch; /* looked at once this batch has ended */
    u64 absent_at;   /* number of a snapshot in which no row names it; 0: not looked */
};
/* A hint, from any thread: perhaps nothing names this file any more. The rows decide. */
void gone_hint(struct blobs *b, u8 kind, u64 number, u64 after_batch);
i64 gone_turn(struct chore *c);
i64 sweep_turn(struct chore *c);
i64 reap_turn(struct chore *c);
i64 compact_turn(struct chore *c);

struct compaction {
    u64 number; /* the segment in work, or the last that was */
    u64 offset, moved, reclaimed;
    u8 *bytes;
    bool going;
};
struct sweep {
    int zone;
    void *directories; /* DIR of the zone's fan-out directories */
};

struct mend {
    u64 after; /* blob id */
    bool fast; /* a zone came back */
    struct mend_report report;
};
i64 mend_turn(struct chore *c);
u32 blob_zones_up(struct blobs *b);
u32 blobs_spread(struct blobs *b, u32 copies);
void zones_down_load(struct blobs *b);

struct blobs {
    struct store *store;
    char directory[BLOB_PATH / 2];
    int zones;
    bool ephemeral;
    u8 root_key[AEAD_KEY];
    const char *passphrase; /* of root.key; NULL: none */
    _Atomic u64 next_id;
    u64 first_id; /* of this run */
    struct keeper keeper;

    pthread_mutex_t pool_lock;
    struct cipher *ciphers;
    struct blob_stage *idle_stages;
    int idle_stage_count;
    void *idle_plain[16], *idle_run[8];
    int idle_plain_count, idle_run_count;

    pthread_mutex_t live_lock; /* of stages with files, and readers */
    struct blob_stage *live_stages;
    struct blob_reader *readers;

    /* The writer's. */
    _Atomic u64 batch_number;
    bool batch_broken, names_synced;
    struct stream streams[STREAMS_MAX];
    struct closing closing[STREAMS_MAX];
    int closing_count;
    u64 use_clock, segment_next; /* 0: nothing was appended in this run */
    u64 compacting;              /* not to be resumed */
    u64 dirty_directories[64];
    u32 dirty_zones[64];
    int dirty_count;

    pthread_mutex_t gone_lock;
    struct gone *gone;
    size_t gone_count, gone_capacity;
    bool gone_overflowed;
    _Atomic bool gone_waiting; /* for the end of a batch */
    _Atomic int held; /* by snapshot saves: nothing is removed */
    struct chore gone_chore, sweep_chore, reap_chore, compact_chore, mend_chore;
    struct mend mend;
    struct mend_report last_mend; /* under live_lock */
    _Atomic u32 zones_down, next_zone;
    struct sweep sweep;
    struct compaction compaction;
};

struct cipher *cipher_take(struct blobs *b);
void cipher_give(struct blobs *b, struct cipher *c);
void *plain_take(struct blobs *b); /* RECORD_MAX bytes */
void plain_give(struct blobs *b, void *p);
void *run_take(struct blobs *b); /* RUN_BYTES */
void run_give(struct blobs *b, void *p);
void directory_dirty(struct blobs *b, u32 zones, u64 directory);
bool stage_is_live(struct blobs *b, u64 id);
void stages_end(struct blobs *b);

static inline void put_u32(u8 *p, u32 v) { for (int i = 0; i < 4; i++) p[i] = (u8)(v >> (24 - 8 * i)); }
static inline void put_u64(u8 *p, u64 v) { for (int i = 0; i < 8; i++) p[i] = (u8)(v >> (56 - 8 * i)); }
static inline u32 get_u32(const u8 *p) {
    return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}
static inline u64 get_u64(const u8 *p) { return (u64)get_u32(p) << 32 | get_u32(p + 4); }

/* A record in a segment: magic, sealed length, blob id, then the sealed bytes. */
#define RECORD_MAGIC 0xb10b5e61u

#endif
