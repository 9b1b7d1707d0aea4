/* LMDB's source with what it does not offer. Compiled in its place (third_party/meson.build). */
#include "mdb.c"

/* When a meta page cannot be written LMDB puts the old one back, and then refuses everything until the
 * environment is opened anew: that would need the end of all snapshots. The state in memory is the one
 * before the failed commit, and another process, for whose sake it refuses, does not exist here. */
void lmdb_forgive(MDB_env *env);
void lmdb_forgive(MDB_env *env) { env->me_flags &= ~MDB_FATAL_ERROR; }
