/* Preloaded before libc: what is written below one folder is counted, noted, refused, or the last thing that is done.
 * It reaches the calls of SQLite as well as those of Python. bench/faults.py compiles it, bench/_faults_day.py arms it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <sys/time.h>
#include <unistd.h>

enum { COUNT, KILL, FAIL_ONCE, FAIL_ON };

static char root[PATH_MAX];
static int mode, error_number, log_fd = -1, records;
static long calls, fatal;
static long shift;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static ssize_t real_write(int fd, const void *data, size_t size) {
    REAL(write);
    return real(fd, data, size);
}

static void say(const char *text, const void *data, size_t size) {
    if (log_fd < 0) return;
    real_write(log_fd, text, strlen(text));
    if (records && size) real_write(log_fd, data, size);
}

static int is_ours(const char *path) {
    return root[0] && path && !strncmp(path, root, strlen(root));
}

static const char *name_of(int fd, char *name) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = root[0] ? readlink(link, name, PATH_MAX - 1) : 0;
    name[size > 0 ? size : 0] = 0;
    return name;
}

/* One call on `path`: 0 let it be done, else the errno it fails with. */
static int step(const char *call) {
    long number = ++calls;
    if (mode == KILL && number == fatal) {
        char line[64];
        snprintf(line, sizeof line, "killed\t%s\n", call);
        say(line, 0, 0);
        kill(getpid(), SIGKILL);
    }
    if ((mode == FAIL_ONCE && number == fatal) || (mode == FAIL_ON && number >= fatal)) return error_number;
    return 0;
}

static int before(const char *call) {
    int found = step(call);
    if (found && log_fd >= 0) {
        char line[64];
        snprintf(line, sizeof line, "failed\t%s\t%d\n", call, found);
        say(line, 0, 0);
    }
    return found;
}

static void note(const char *call, ino_t inode, const char *path, const char *other, off_t at, const void *data, size_t size) {
    char line[2 * PATH_MAX + 128];
    snprintf(line, sizeof line, "%s\t%lu\t%s\t%s\t%ld\t%zu\n", call, (unsigned long)inode, path, other, (long)at, size);
    say(line, data, size);
}

static ino_t inode_of(int fd) {
    struct stat found;
    return fstat(fd, &found) ? 0 : found.st_ino;
}

void fault_arm(const char *folder, int log, int recording, int how, long number, int error) {
    snprintf(root, sizeof root, "%s", folder);
    log_fd = log; records = recording; mode = how; fatal = number; error_number = error; calls = 0;
}
void fault_end(void) { mode = COUNT; }
long fault_calls(void) { return calls; }
void fault_shift(long seconds) { shift += seconds; }
void fault_note(const char *text) {
    pthread_mutex_lock(&turn);
    char line[PATH_MAX];
    snprintf(line, sizeof line, "note\t%s\n", text);
    say(line, 0, 0);
    pthread_mutex_unlock(&turn);
}

/* A call that changes names: done and noted in one turn. */
#define NAMED(call, path, other, action) \
    if (!is_ours(path)) return action; \
    pthread_mutex_lock(&turn); \
    int refused = before(call); \
    int done = refused ? -1 : action; \
    int kept = errno; \
    if (!refused && !done) note(call, 0, path, other, 0, 0, 0); \
    pthread_mutex_unlock(&turn); \
    errno = refused ? refused : kept; \
    return done

#define ON_FILE(call, fd, type, action, where, data, size) \
    char file[PATH_MAX]; \
    if (!is_ours(name_of(fd, file))) return action; \
    pthread_mutex_lock(&turn); \
    int refused = before(call); \
    off_t place = (where); \
    type done = refused ? -1 : action; \
    int kept = errno; \
    if (!refused && done >= 0) note(call, inode_of(fd), file, "", place, data, size ? (size_t)done : 0); \
    pthread_mutex_unlock(&turn); \
    errno = refused ? refused : kept; \
    return done

static int opened(int (*action)(const char *, int, ...), const char *path, int flags, mode_t bits) {
    int writes = (flags & O_ACCMODE) != O_RDONLY;
    int makes = writes && (flags & O_CREAT) && access(path, F_OK);
    if (!is_ours(path)) return action(path, flags, bits);
    if (!makes && !(writes && (flags & O_TRUNC))) return action(path, flags, bits);
    pthread_mutex_lock(&turn);
    int refused = before("open");
    int done = refused ? -1 : action(path, flags, bits);
    int kept = errno;
    if (done >= 0) note(makes ? "create" : "cut", inode_of(done), path, "", 0, 0, 0);
    pthread_mutex_unlock(&turn);
    errno = refused ? refused : kept;
    return done;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list rest; va_start(rest, flags); mode_t bits = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0; va_end(rest); \
        REAL(name); \
        return opened(real, path, flags, bits); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        va_list rest; va_start(rest, flags); mode_t bits = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0; va_end(rest); \
        static int (*real)(int, const char *, int, ...); \
        if (!real) real = dlsym(RTLD_NEXT, #name); \
        if (folder == AT_FDCWD && path[0] == '/') return open(path, flags, bits); \
        return real(folder, path, flags, bits); \
    }
OPENAT(openat)
OPENAT(openat64)

static off_t end_of_write(int fd) {
    struct stat found;
    if (fcntl(fd, F_GETFL) & O_APPEND) return fstat(fd, &found) ? 0 : found.st_size;
    return lseek(fd, 0, SEEK_CUR);
}

/* A disk that fills up takes a part of the first write, and nothing after it. */
static size_t as_much_as_fits(int fd, size_t size) {
    char name[PATH_MAX];
    if (mode != FAIL_ON || error_number != ENOSPC || calls + 1 != fatal || size < 2) return size;
    if (!is_ours(name_of(fd, name))) return size;
    fatal++;
    return size / 2;
}

#define WRITE(name, parameters, arguments, where) \
    ssize_t name parameters { \
        REAL(name); \
        size = as_much_as_fits(fd, size); \
        ON_FILE("write", fd, ssize_t, real arguments, where, data, size); \
    }
WRITE(write, (int fd, const void *data, size_t size), (fd, data, size), end_of_write(fd))
WRITE(pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at), at)
WRITE(pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at), at)
int fsync(int fd) { REAL(fsync); ON_FILE("sync", fd, int, real(fd), 0, 0, 0); }
int fdatasync(int fd) { REAL(fdatasync); ON_FILE("sync", fd, int, real(fd), 0, 0, 0); }
int ftruncate(int fd, off_t size) { REAL(ftruncate); ON_FILE("size", fd, int, real(fd, size), size, 0, 0); }
int ftruncate64(int fd, off64_t size) { REAL(ftruncate64); ON_FILE("size", fd, int, real(fd, size), size, 0, 0); }
int rename(const char *path, const char *other) { REAL(rename); NAMED("rename", path, other, real(path, other)); }
int unlink(const char *path) { REAL(unlink); NAMED("unlink", path, "", real(path)); }
int mkdir(const char *path, mode_t bits) { REAL(mkdir); NAMED("mkdir", path, "", real(path, bits)); }
int rmdir(const char *path) { REAL(rmdir); NAMED("rmdir", path, "", real(path)); }
int unlinkat(int folder, const char *path, int flags) {
    REAL(unlinkat);
    char name[2 * PATH_MAX];
    if (path[0] == '/') snprintf(name, sizeof name, "%s", path);
    else { char base[PATH_MAX]; snprintf(name, sizeof name, "%s/%s", name_of(folder, base), path); }
    NAMED(flags & AT_REMOVEDIR ? "rmdir" : "unlink", name, "", real(folder, path, flags));
}

int clock_gettime(clockid_t which, struct timespec *now) {
    REAL(clock_gettime);
    int done = real(which, now);
    if (!done && which == CLOCK_REALTIME) now->tv_sec += shift;
    return done;
}
int gettimeofday(struct timeval *now, void *zone) {
    static int (*real)(struct timeval *, void *);
    if (!real) real = dlsym(RTLD_NEXT, "gettimeofday");
    int done = real(now, zone);
    if (!done) now->tv_sec += shift;
    return done;
}
time_t time(time_t *place) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (place) *place = now.tv_sec;
    return now.tv_sec;
}
