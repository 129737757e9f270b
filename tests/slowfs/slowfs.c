/* slowfs: pass-through FUSE filesystem with injected per-operation latency and faults.
 *
 *   slowfs SRC MNT [-o rtt_us=1000,bw_mbs=0,faults=FILE,attr_ms=3000,stats=FILE] [-f]
 *
 * rtt_us   one round trip, slept once per operation the kernel sends (lookup/getattr, open, create,
 *          read, write, flush-on-close of a written file, rename, unlink, mkdir, symlink, link,
 *          readdir chunk, readlink, setattr, fsync, statfs). Operations sleep concurrently: latency is
 *          per request, not global, as over a network.
 * bw_mbs   when > 0, reads and writes also share one wire of that many MB/s.
 * attr_ms  kernel attribute/entry cache validity (NFS acregmin is 3 s).
 * faults   a file read at start (and again on SIGHUP), one rule a line:  OP ERRNO after=N every=M [path=SUBSTR]
 *          e.g. "write ENOSPC after=100000000b" (bytes written) or "open ESTALE after=500".
 *          With "late" (rename and link only) the operation is done and then the error is answered: a lost reply.
 *          HANG instead of an error: no answer until the rules are read again, then the operation goes on;
 *          FILE.held is written when it holds the first one.
 *          FILE.loaded is written when the rules have been read.
 * stats    on SIGUSR1 and at exit, operation counts are written there as "op count".
 */
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <fuse.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { GETATTR, OPEN, CREATE, READ, WRITE, FLUSH, RELEASE, RENAME, UNLINK, MKDIR, RMDIR, SYMLINK, LINK, READDIR,
       READLINK, SETATTR, FSYNC, STATFS, NOPS };
static const char *NAMES[NOPS] = {"getattr", "open", "create", "read", "write", "flush", "release", "rename", "unlink",
       "mkdir", "rmdir", "symlink", "link", "readdir", "readlink", "setattr", "fsync", "statfs"};
static struct { char *src; unsigned rtt_us, bw_mbs, attr_ms; char *faults, *stats; } cfg = {.rtt_us = 1000, .attr_ms = 3000};
static int rootfd;
static _Thread_local int attr_known; /* libfuse asks for the attributes of what it just made: same reply, no second trip */
static atomic_long count[NOPS], written;

struct rule { int op, err; long after, every; int bytes, late; char path[128]; atomic_long hits; };
static struct rule rules[32];
static int nrules;
static atomic_long reloads;
enum { HANG = -1 };
static pthread_mutex_t wire_lock = PTHREAD_MUTEX_INITIALIZER;
static double wire_free;

static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static void nap(double s) { struct timespec t = {(time_t)s, (long)((s - (time_t)s) * 1e9)}; if (s > 0) nanosleep(&t, NULL); }

static int err_of(const char *s) {
    static const struct { const char *n; int e; } T[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"ESTALE", ESTALE}, {"EDQUOT", EDQUOT},
        {"EACCES", EACCES}, {"EROFS", EROFS}, {"ETIMEDOUT", ETIMEDOUT}, {"EINTR", EINTR}, {"ENOENT", ENOENT}, {"EEXIST", EEXIST}, {"EINVAL", EINVAL}};
    for (size_t i = 0; i < sizeof T / sizeof *T; i++) if (!strcmp(s, T[i].n)) return T[i].e;
    return strcmp(s, "HANG") ? EIO : HANG;
}
static void load_rules(int sig) {
    (void)sig; nrules = 0; reloads++; if (!cfg.faults) return;
    FILE *f = fopen(cfg.faults, "r"); char line[512];
    while (f && fgets(line, sizeof line, f) && nrules < 32) {
        struct rule r = {.op = -1, .after = 0, .every = 1}; char op[32], er[32]; int n = 0;
        if (sscanf(line, "%31s %31s%n", op, er, &n) < 2) continue;
        for (int i = 0; i < NOPS; i++) if (!strcmp(op, NAMES[i])) r.op = i;
        r.err = err_of(er);
        for (char *t = strtok(line + n, " \t\n"); t; t = strtok(NULL, " \t\n")) {
            if (!strncmp(t, "after=", 6)) { r.after = atol(t + 6); r.bytes = t[strlen(t) - 1] == 'b'; }
            else if (!strncmp(t, "every=", 6)) r.every = atol(t + 6);
            else if (!strcmp(t, "late")) r.late = 1;
            else if (!strncmp(t, "path=", 5)) snprintf(r.path, sizeof r.path, "%s", t + 5);
        }
        if (r.op >= 0) memcpy(&rules[nrules++], &r, sizeof r);
    }
    if (f) fclose(f);
    char done[4096]; snprintf(done, sizeof done, "%s.loaded", cfg.faults);
    if ((f = fopen(done, "w"))) fclose(f);
}
static void save_stats(int sig) {
    (void)sig; if (!cfg.stats) return;
    FILE *f = fopen(cfg.stats, "w"); if (!f) return;
    for (int i = 0; i < NOPS; i++) fprintf(f, "%s %ld\n", NAMES[i], (long)count[i]);
    fprintf(f, "bytes_written %ld\n", (long)written); fclose(f);
}
/* Charge one operation: count it, sleep its latency and its share of the wire; returns -errno when a fault rule fires. */
static int charge(int op, const char *path, size_t bytes) {
    count[op]++; double d = cfg.rtt_us / 1e6;
    if (op == WRITE) written += bytes;
    for (int i = 0; i < nrules; i++) {
        struct rule *r = &rules[i];
        if (r->late || r->op != op || (r->path[0] && (!path || !strstr(path, r->path)))) continue;
        long n = ++r->hits - r->after - 1; /* matching operations since the first that may fail */
        if (r->bytes ? written < r->after : n < 0 || n % (r->every > 0 ? r->every : 1)) continue;
        if (r->err != HANG) { nap(d); return -r->err; }
        long seen = reloads;
        char held[4096]; snprintf(held, sizeof held, "%s.held", cfg.faults);
        FILE *f = fopen(held, "w"); if (f) fclose(f);
        while (seen == reloads) nap(0.02);
        break;
    }
    if (cfg.bw_mbs && bytes) {
        pthread_mutex_lock(&wire_lock);
        double t = now(), start = wire_free > t ? wire_free : t;
        wire_free = start + bytes / (cfg.bw_mbs * 1e6); d += wire_free - t;
        pthread_mutex_unlock(&wire_lock);
    }
    nap(d);
    return 0;
}
/* A late rule: the operation was done, but its answer says otherwise. */
static int late(int op, const char *path, int result) {
    for (int i = 0; !result && i < nrules; i++) {
        struct rule *r = &rules[i];
        if (!r->late || r->op != op || (r->path[0] && !strstr(path, r->path))) continue;
        if (++r->hits > r->after) return -r->err;
    }
    return result;
}
#define R(p) ((p)[1] ? (p) + 1 : ".")
#define CHARGE(op, p, b) do { int e_ = charge(op, p, b); if (e_) return e_; } while (0)
#define RET(x) return (x) == -1 ? -errno : 0
#define MADE(x) return (x) == -1 ? -errno : (attr_known = 1, 0)

struct fh { int fd; atomic_int dirty; };
#define FH(fi) ((struct fh *)(uintptr_t)(fi)->fh)

static int s_getattr(const char *p, struct stat *st, struct fuse_file_info *fi) {
    if (!attr_known) CHARGE(GETATTR, p, 0);
    attr_known = 0;
    if (fi) RET(fstat(FH(fi)->fd, st));
    RET(fstatat(rootfd, R(p), st, AT_SYMLINK_NOFOLLOW));
}
static int s_readlink(const char *p, char *b, size_t n) {
    CHARGE(READLINK, p, 0);
    ssize_t r = readlinkat(rootfd, R(p), b, n - 1); if (r < 0) return -errno; b[r] = 0; return 0;
}
static int s_mkdir(const char *p, mode_t m) { CHARGE(MKDIR, p, 0); MADE(mkdirat(rootfd, R(p), m)); }
static int s_unlink(const char *p) { CHARGE(UNLINK, p, 0); RET(unlinkat(rootfd, R(p), 0)); }
static int s_rmdir(const char *p) { CHARGE(RMDIR, p, 0); RET(unlinkat(rootfd, R(p), AT_REMOVEDIR)); }
static int s_symlink(const char *t, const char *p) { CHARGE(SYMLINK, p, 0); MADE(symlinkat(t, rootfd, R(p))); }
static int s_rename(const char *a, const char *b, unsigned f) {
    CHARGE(RENAME, a, 0);
    return late(RENAME, a, renameat2(rootfd, R(a), rootfd, R(b), f) ? -errno : 0);
}
static int s_link(const char *a, const char *b) {
    CHARGE(LINK, b, 0);
    int e = late(LINK, b, linkat(rootfd, R(a), rootfd, R(b), 0) ? -errno : 0);
    attr_known = !e;
    return e;
}
static int s_chmod(const char *p, mode_t m, struct fuse_file_info *fi) {
    CHARGE(SETATTR, p, 0); if (fi) RET(fchmod(FH(fi)->fd, m)); RET(fchmodat(rootfd, R(p), m, 0));
}
static int s_chown(const char *p, uid_t u, gid_t g, struct fuse_file_info *fi) {
    CHARGE(SETATTR, p, 0); if (fi) RET(fchown(FH(fi)->fd, u, g)); RET(fchownat(rootfd, R(p), u, g, AT_SYMLINK_NOFOLLOW));
}
static int s_truncate(const char *p, off_t n, struct fuse_file_info *fi) {
    CHARGE(SETATTR, p, 0); if (fi) RET(ftruncate(FH(fi)->fd, n));
    int fd = openat(rootfd, R(p), O_WRONLY); if (fd < 0) return -errno;
    int r = ftruncate(fd, n), e = errno; close(fd); return r ? -e : 0;
}
static int s_utimens(const char *p, const struct timespec t[2], struct fuse_file_info *fi) {
    CHARGE(SETATTR, p, 0); if (fi) RET(futimens(FH(fi)->fd, t)); RET(utimensat(rootfd, R(p), t, AT_SYMLINK_NOFOLLOW));
}
static int opened(int fd, struct fuse_file_info *fi) {
    if (fd < 0) return -errno;
    struct fh *h = malloc(sizeof *h); h->fd = fd; h->dirty = 0; fi->fh = (uintptr_t)h; return 0;
}
static int s_create(const char *p, mode_t m, struct fuse_file_info *fi) {
    CHARGE(CREATE, p, 0);
    int r = opened(openat(rootfd, R(p), fi->flags | O_CREAT, m), fi);
    attr_known = !r;
    return r;
}
static int s_open(const char *p, struct fuse_file_info *fi) {
    CHARGE(OPEN, p, 0); return opened(openat(rootfd, R(p), fi->flags & ~O_NOFOLLOW), fi);
}
static int s_read_buf(const char *p, struct fuse_bufvec **bp, size_t n, off_t o, struct fuse_file_info *fi) {
    CHARGE(READ, p, n);
    struct fuse_bufvec *b = malloc(sizeof *b); *b = FUSE_BUFVEC_INIT(n);
    b->buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK; b->buf[0].fd = FH(fi)->fd; b->buf[0].pos = o; *bp = b; return 0;
}
static int s_write_buf(const char *p, struct fuse_bufvec *in, off_t o, struct fuse_file_info *fi) {
    struct fuse_bufvec d = FUSE_BUFVEC_INIT(fuse_buf_size(in));
    CHARGE(WRITE, p, fuse_buf_size(in)); FH(fi)->dirty = 1;
    d.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK; d.buf[0].fd = FH(fi)->fd; d.buf[0].pos = o;
    return fuse_buf_copy(&d, in, 0);
}
static int s_flush(const char *p, struct fuse_file_info *fi) { /* close-to-open: a written file commits at close */
    if (atomic_exchange(&FH(fi)->dirty, 0)) CHARGE(FLUSH, p, 0);
    return 0;
}
static int s_release(const char *p, struct fuse_file_info *fi) { (void)p; count[RELEASE]++; close(FH(fi)->fd); free(FH(fi)); return 0; }
static int s_fsync(const char *p, int d, struct fuse_file_info *fi) { (void)d; (void)fi; CHARGE(FSYNC, p, 0); return 0; }
static int s_statfs(const char *p, struct statvfs *s) { CHARGE(STATFS, p, 0); RET(fstatvfs(rootfd, s)); }
static int s_readdir(const char *p, void *buf, fuse_fill_dir_t fill, off_t off, struct fuse_file_info *fi, enum fuse_readdir_flags fl) {
    (void)off; (void)fi; int plus = fl & FUSE_READDIR_PLUS;
    CHARGE(READDIR, p, 0);
    int fd = openat(rootfd, R(p), O_RDONLY | O_DIRECTORY); if (fd < 0) return -errno;
    DIR *d = fdopendir(fd); struct dirent *e;
    while ((e = readdir(d))) {
        struct stat st = {.st_ino = e->d_ino, .st_mode = e->d_type << 12};
        if (plus && fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW)) continue;
        if (fill(buf, e->d_name, &st, 0, plus ? FUSE_FILL_DIR_PLUS : 0)) break;
    }
    closedir(d); return 0;
}
static void *s_init(struct fuse_conn_info *c, struct fuse_config *f) {
    f->use_ino = 1; f->attr_timeout = f->entry_timeout = cfg.attr_ms / 1e3; f->negative_timeout = 0; f->nullpath_ok = 0;
    f->kernel_cache = 0; f->auto_cache = 1; /* page cache kept while mtime/size unchanged, as NFS does */
    if (c->capable & FUSE_CAP_SPLICE_WRITE) c->want |= FUSE_CAP_SPLICE_WRITE;
    if (c->capable & FUSE_CAP_WRITEBACK_CACHE && getenv("SLOWFS_WRITEBACK")) c->want |= FUSE_CAP_WRITEBACK_CACHE;
    c->max_background = 256; c->congestion_threshold = 256;
    signal(SIGUSR1, save_stats); signal(SIGHUP, load_rules);
    return NULL;
}
static void s_destroy(void *p) { (void)p; save_stats(0); }
static const struct fuse_operations OPS = {.getattr = s_getattr, .readlink = s_readlink, .mkdir = s_mkdir, .unlink = s_unlink, .rmdir = s_rmdir,
    .symlink = s_symlink, .rename = s_rename, .link = s_link, .chmod = s_chmod, .chown = s_chown, .truncate = s_truncate, .utimens = s_utimens,
    .open = s_open, .create = s_create, .read_buf = s_read_buf, .write_buf = s_write_buf, .flush = s_flush, .release = s_release, .fsync = s_fsync,
    .statfs = s_statfs, .readdir = s_readdir, .init = s_init, .destroy = s_destroy};
#define O(t, m) {t, offsetof(typeof(cfg), m), 0}
static const struct fuse_opt OPTS[] = {O("rtt_us=%u", rtt_us), O("bw_mbs=%u", bw_mbs), O("attr_ms=%u", attr_ms), O("faults=%s", faults),
    O("stats=%s", stats), FUSE_OPT_END};
static int on_arg(void *d, const char *a, int key, struct fuse_args *o) {
    (void)d; (void)o; if (key == FUSE_OPT_KEY_NONOPT && !cfg.src) { cfg.src = realpath(a, NULL); return 0; } return 1;
}
int main(int argc, char **argv) {
    struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
    if (fuse_opt_parse(&args, &cfg, OPTS, on_arg) || !cfg.src) { fprintf(stderr, "usage: slowfs SRC MNT [-o rtt_us=N,...]\n"); return 2; }
    if ((rootfd = open(cfg.src, O_RDONLY | O_DIRECTORY)) < 0) { perror(cfg.src); return 1; }
    load_rules(0); umask(0);
    fuse_opt_add_arg(&args, "-omax_threads=256"); fuse_opt_add_arg(&args, "-omax_idle_threads=256");
    return fuse_main(args.argc, args.argv, &OPS, NULL);
}
