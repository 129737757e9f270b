/* copier: the practical limit of copying a tree, to measure ours against.
 *
 *   copier [-r] THREADS SRC [DST]      copy SRC to DST, or with -r only read it
 *
 * Keeps what a clone must keep: names, modes, times, links, hard links. Every step runs on all
 * threads: reading the source, making folders (parents first), files (spread over folders, because
 * a file system serialises what happens in one folder), times of folders.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK (1 << 20)
#define BATCH 64

struct entry {
    char *path;
    struct stat st;
    struct entry *parent, *same; /* folder it is in; first name of a hard-linked file */
    long in_folder;              /* folders: files directly in it */
    double turn;
};

static int src, dst = -1, reading, nthreads;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;

static void die(const char *doing, const char *path) {
    fprintf(stderr, "copier: %s %s: %s\n", doing, path, strerror(errno));
    exit(1);
}

/* A growing list and, for work that makes more work, a queue: items before `next` are taken. */
struct list {
    struct entry **items;
    long count, room, next;
};
static void add(struct list *l, struct entry *e) {
    if (l->count == l->room) {
        l->room = l->room ? l->room * 2 : 1024;
        l->items = realloc(l->items, l->room * sizeof *l->items);
    }
    l->items[l->count++] = e;
}
static struct list folders, files, links, again;
static struct list queue;
static long open_jobs;

static void put(struct entry *e) {
    pthread_mutex_lock(&lock);
    add(&queue, e);
    open_jobs++;
    pthread_cond_signal(&more);
    pthread_mutex_unlock(&lock);
}
static struct entry *take(void) {
    pthread_mutex_lock(&lock);
    while (queue.next == queue.count && open_jobs) pthread_cond_wait(&more, &lock);
    struct entry *e = queue.next < queue.count ? queue.items[queue.next++] : NULL;
    pthread_mutex_unlock(&lock);
    return e;
}
static void done(void) {
    pthread_mutex_lock(&lock);
    if (!--open_jobs) pthread_cond_broadcast(&more);
    pthread_mutex_unlock(&lock);
}
static void on_all_threads(void *(*work)(void *)) {
    pthread_t t[256];
    for (int i = 0; i < nthreads; i++) pthread_create(&t[i], NULL, work, NULL);
    for (int i = 0; i < nthreads; i++) pthread_join(t[i], NULL);
}

/* 1. The source. A folder's names are one job, batches of their attributes another. */
struct batch { struct entry *folder; char **names; long n; };
static struct entry *job_of(struct batch b) { /* a job is an entry without a path */
    struct batch *copy = malloc(sizeof b);
    *copy = b;
    struct entry *e = calloc(1, sizeof *e);
    e->parent = (struct entry *)copy;
    return e;
}
static void attributes(struct batch *b) {
    for (long i = 0; i < b->n; i++) {
        struct entry *e = calloc(1, sizeof *e);
        if (*b->folder->path == '.' && !b->folder->path[1]) e->path = strdup(b->names[i]);
        else if (asprintf(&e->path, "%s/%s", b->folder->path, b->names[i]) < 0) exit(1);
        e->parent = b->folder;
        if (fstatat(src, e->path, &e->st, AT_SYMLINK_NOFOLLOW)) die("stat", e->path);
        pthread_mutex_lock(&lock);
        if (S_ISDIR(e->st.st_mode)) add(&folders, e);
        else if (S_ISLNK(e->st.st_mode)) add(&links, e);
        else if (S_ISREG(e->st.st_mode)) { e->turn = b->folder->in_folder++; add(&files, e); }
        pthread_mutex_unlock(&lock);
        if (S_ISDIR(e->st.st_mode)) put(e);
    }
}
static void names(struct entry *folder) {
    int fd = openat(src, folder->path, O_RDONLY | O_DIRECTORY);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) die("list", folder->path);
    struct batch b = {folder, NULL, 0};
    for (struct dirent *e; (e = readdir(d));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        if (!b.names) b.names = malloc(BATCH * sizeof *b.names);
        b.names[b.n++] = strdup(e->d_name);
        if (b.n == BATCH) { put(job_of(b)); b.names = NULL; b.n = 0; }
    }
    closedir(d);
    if (b.n) put(job_of(b));
}
static void *scan(void *arg) {
    for (struct entry *e; (e = take()); done())
        if (e->path) names(e); else attributes((struct batch *)e->parent);
    return arg;
}

/* 2. Folders, parents first. */
static struct list *below; /* folders in each folder, by the number in `turn` */
static void *make_folders(void *arg) {
    for (struct entry *e; (e = take()); done()) {
        if (e->parent && mkdirat(dst, e->path, 0700 | (e->st.st_mode & 0777))) die("mkdir", e->path);
        struct list *in = &below[(long)e->turn];
        for (long i = 0; i < in->count; i++) put(in->items[i]);
    }
    return arg;
}

/* 3. Files and links. */
static long next_file;
static void copy_file(struct entry *e, char *buffer) {
    int in = openat(src, e->path, O_RDONLY), out = -1;
    if (in < 0) die("open", e->path);
    if (!reading && (out = openat(dst, e->path, O_WRONLY | O_CREAT | O_EXCL, e->st.st_mode & 07777)) < 0)
        die("create", e->path);
    for (off_t at = 0; at < e->st.st_size;) {
        ssize_t n = pread(in, buffer, CHUNK, at);
        if (n < 0) die("read", e->path);
        if (!n) break;
        if (!reading && pwrite(out, buffer, n, at) != n) die("write", e->path);
        at += n;
    }
    close(in);
    if (reading) return;
    struct timespec t[2] = {e->st.st_mtim, e->st.st_mtim};
    if (futimens(out, t)) die("utimens", e->path);
    if (close(out)) die("close", e->path);
}
static void copy_link(struct entry *e) {
    char says[4096];
    ssize_t n = readlinkat(src, e->path, says, sizeof says - 1);
    if (n < 0) die("readlink", e->path);
    if (reading) return;
    says[n] = 0;
    struct timespec t[2] = {e->st.st_mtim, e->st.st_mtim};
    if (symlinkat(says, dst, e->path)) die("symlink", e->path);
    if (utimensat(dst, e->path, t, AT_SYMLINK_NOFOLLOW)) die("utimens", e->path);
}
static void *copy_files(void *arg) {
    char *buffer = malloc(CHUNK);
    for (;;) {
        long i = __atomic_fetch_add(&next_file, 1, __ATOMIC_RELAXED);
        if (i < files.count) copy_file(files.items[i], buffer);
        else if (i < files.count + links.count) copy_link(links.items[i - files.count]);
        else break;
    }
    free(buffer);
    return arg;
}
static void *finish_folders(void *arg) {
    for (long i; (i = __atomic_fetch_add(&next_file, 1, __ATOMIC_RELAXED)) < folders.count;) {
        struct entry *e = folders.items[i];
        struct timespec t[2] = {e->st.st_mtim, e->st.st_mtim};
        if (utimensat(dst, e->path, t, 0)) die("utimens", e->path);
    }
    return arg;
}

static int by_inode(const void *a, const void *b) {
    const struct stat *x = &(*(struct entry **)a)->st, *y = &(*(struct entry **)b)->st;
    return (x->st_ino > y->st_ino) - (x->st_ino < y->st_ino);
}
static int by_turn(const void *a, const void *b) {
    double x = (*(struct entry **)a)->turn, y = (*(struct entry **)b)->turn;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc > 1 && !strcmp(argv[1], "-r")) { reading = 1; argv++; argc--; }
    if (argc < 3 + !reading || (nthreads = atoi(argv[1])) < 1 || nthreads > 256) {
        fprintf(stderr, "usage: copier [-r] THREADS SRC [DST]\n");
        return 2;
    }
    if ((src = open(argv[2], O_RDONLY | O_DIRECTORY)) < 0) die("open", argv[2]);
    if (!reading && (mkdir(argv[3], 0755) || (dst = open(argv[3], O_RDONLY | O_DIRECTORY)) < 0)) die("mkdir", argv[3]);
    umask(0);
    struct entry *root = calloc(1, sizeof *root);
    root->path = strdup(".");
    add(&folders, root);
    put(root);
    on_all_threads(scan);

    qsort(files.items, files.count, sizeof *files.items, by_inode);
    long kept = 0;
    struct entry *first = NULL;
    for (long i = 0; i < files.count; i++) {
        struct entry *e = files.items[i];
        if (!reading && first && e->st.st_nlink > 1 && e->st.st_ino == first->st.st_ino) { e->same = first; add(&again, e); }
        else files.items[kept++] = first = e;
    }
    files.count = kept;
    for (long i = 0; i < kept; i++) {
        struct entry *e = files.items[i];
        long n = e->parent->in_folder;
        /* All folders end together; those that may bound the whole a little earlier. */
        e->turn = (e->turn + .5) / n * (n > kept / nthreads ? .8 : 1);
    }
    qsort(files.items, files.count, sizeof *files.items, by_turn);
    if (!reading) {
        below = calloc(folders.count, sizeof *below);
        for (long i = 0; i < folders.count; i++) folders.items[i]->turn = i;
        for (long i = 1; i < folders.count; i++) add(&below[(long)folders.items[i]->parent->turn], folders.items[i]);
        put(root);
        on_all_threads(make_folders);
    }
    on_all_threads(copy_files);
    for (long i = 0; i < again.count; i++)
        if (linkat(dst, again.items[i]->same->path, dst, again.items[i]->path, 0)) die("link", again.items[i]->path);
    next_file = 0;
    if (!reading) on_all_threads(finish_folders);
    return 0;
}
