#define _GNU_SOURCE
#include "CPostgres.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

// The functions of libpq that are used; each line is its result, its name without PQ, its parameters.
#define FUNCTIONS(F) \
    F(cm_pq_option *, conninfoParse, (const char *, char **)) \
    F(void, conninfoFree, (cm_pq_option *)) \
    F(cm_pq_connection *, connectdbParams, (const char *const *, const char *const *, int)) \
    F(int, status, (const cm_pq_connection *)) \
    F(void, finish, (cm_pq_connection *)) \
    F(char *, errorMessage, (const cm_pq_connection *)) \
    F(int, sslInUse, (cm_pq_connection *)) \
    F(int, serverVersion, (const cm_pq_connection *)) \
    F(int, socket, (const cm_pq_connection *)) \
    F(int, setnonblocking, (cm_pq_connection *, int)) \
    F(int, sendQueryParams, \
      (cm_pq_connection *, const char *, int, const unsigned int *, const char *const *, \
       const int *, const int *, int)) \
    F(int, putCopyData, (cm_pq_connection *, const char *, int)) \
    F(int, putCopyEnd, (cm_pq_connection *, const char *)) \
    F(int, flush, (cm_pq_connection *)) \
    F(int, consumeInput, (cm_pq_connection *)) \
    F(int, isBusy, (cm_pq_connection *)) \
    F(cm_pq_result *, getResult, (cm_pq_connection *)) \
    F(void *, notifies, (cm_pq_connection *)) \
    F(void, freemem, (void *)) \
    F(int, resultStatus, (const cm_pq_result *)) \
    F(char *, resultErrorField, (const cm_pq_result *, int)) \
    F(int, ntuples, (const cm_pq_result *)) \
    F(char *, cmdTuples, (cm_pq_result *)) \
    F(int, getisnull, (const cm_pq_result *, int, int)) \
    F(int, getlength, (const cm_pq_result *, int, int)) \
    F(char *, getvalue, (const cm_pq_result *, int, int)) \
    F(void, clear, (cm_pq_result *)) \
    F(void *, setNoticeProcessor, \
      (cm_pq_connection *, void (*)(void *, const char *), void *))

static struct {
#define MEMBER(result, name, parameters) result(*name) parameters;
    FUNCTIONS(MEMBER)
} pq;

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static int is_loaded;
static char reason[256];

static int load_all(void *library) {
    void *found;
#define LOAD(result, name, parameters) \
    found = dlsym(library, "PQ" #name); \
    if (!found) return 0; \
    memcpy(&pq.name, &found, sizeof found);
    FUNCTIONS(LOAD)
    return 1;
}

const char *cm_pq_load(void) {
    pthread_mutex_lock(&loading);
    if (!is_loaded) {
        void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
        if (library && load_all(library)) {
            is_loaded = 1;
        } else {
            const char *said = dlerror();
            snprintf(reason, sizeof reason, "%s", said ? said : "a function is missing");
        }
    }
    pthread_mutex_unlock(&loading);
    return is_loaded ? NULL : reason;
}

cm_pq_option *cm_pq_parse(const char *address, char *why, size_t why_size) {
    char *said = NULL;
    cm_pq_option *options = pq.conninfoParse(address, &said);
    if (!options) snprintf(why, why_size, "%s", said ? said : "memory is out");
    if (said) pq.freemem(said);
    return options;
}

void cm_pq_free_options(cm_pq_option *options) { pq.conninfoFree(options); }

// Notices are not for this program's standard error.
static void be_quiet(void *nothing, const char *text) {
    (void)nothing;
    (void)text;
}

cm_pq_connection *cm_pq_connect(const char *const *keywords, const char *const *values) {
    cm_pq_connection *connection = pq.connectdbParams(keywords, values, 0);
    if (!connection) return NULL;
    pq.setNoticeProcessor(connection, be_quiet, NULL);
    if (pq.status(connection) == 0) pq.setnonblocking(connection, 1);
    return connection;
}

int cm_pq_is_open(const cm_pq_connection *connection) { return pq.status(connection) == 0; }
void cm_pq_close(cm_pq_connection *connection) { pq.finish(connection); }
const char *cm_pq_connection_error(const cm_pq_connection *c) { return pq.errorMessage(c); }
int cm_pq_is_encrypted(cm_pq_connection *connection) { return pq.sslInUse(connection); }
int cm_pq_server_version(const cm_pq_connection *c) { return pq.serverVersion(c); }

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

// Waits for the connection's socket: 1 when it is ready, 0 when the time is over, -1 when it is lost.
static int ready(cm_pq_connection *connection, short events, long long end) {
    for (;;) {
        long long left = end - now();
        if (left < 0) left = 0;
        struct pollfd file = {pq.socket(connection), events, 0};
        if (file.fd < 0) return -1;
        int count = poll(&file, 1, (int)left);
        if (count > 0) return 1;
        if (count == 0) return 0;
        if (errno != EINTR) return -1;
    }
}

// Sends all that is to be sent: 0, or how it ended otherwise.
static int send_all(cm_pq_connection *connection, long long end) {
    for (;;) {
        int left = pq.flush(connection);
        if (left < 0) return CM_PQ_LOST;
        if (left == 0) return CM_PQ_ANSWERED;
        int is_ready = ready(connection, POLLIN | POLLOUT, end);
        if (is_ready <= 0) return is_ready == 0 ? CM_PQ_LATE : CM_PQ_LOST;
        // What the server says meanwhile has to be read, or both wait for each other.
        if (!pq.consumeInput(connection)) return CM_PQ_LOST;
    }
}

// The status of a result after which the server waits for rows (PGRES_COPY_IN).
enum { COPY_IN = 4 };

// Waits for the last result of what was sent, or for the one after which the server waits for rows.
static int last_result(cm_pq_connection *connection, long long end, cm_pq_result **result) {
    *result = NULL;
    for (;;) {
        while (pq.isBusy(connection)) {
            int is_ready = ready(connection, POLLIN, end);
            if (is_ready > 0 && pq.consumeInput(connection)) continue;
            if (*result) pq.clear(*result);
            *result = NULL;
            return is_ready == 0 ? CM_PQ_LATE : CM_PQ_LOST;
        }
        cm_pq_result *next = pq.getResult(connection);
        if (!next) break;
        if (*result) pq.clear(*result);
        *result = next;
        // It would be given again and again until the rows have come.
        if (pq.resultStatus(next) == COPY_IN) break;
    }
    if (!*result) return CM_PQ_LOST;
    // An error that ended the connection: what it says is worth more than that the connection is gone.
    return CM_PQ_ANSWERED;
}

int cm_pq_run(
    cm_pq_connection *connection, const char *statement, int count, const unsigned int *types,
    const char *const *values, const int *lengths, int milliseconds, cm_pq_result **result) {
    int formats[16];
    *result = NULL;
    if (count > 16) return CM_PQ_LOST;
    for (int i = 0; i < count; i++) formats[i] = 1;
    long long end = now() + milliseconds;
    if (!pq.sendQueryParams(connection, statement, count, types, values, lengths, formats, 1))
        return CM_PQ_LOST;
    int sent = send_all(connection, end);
    return sent == CM_PQ_ANSWERED ? last_result(connection, end, result) : sent;
}

int cm_pq_put(cm_pq_connection *connection, const char *bytes, int count, int milliseconds) {
    long long end = now() + milliseconds;
    for (;;) {
        int taken = pq.putCopyData(connection, bytes, count);
        if (taken < 0) return CM_PQ_LOST;
        // Nothing is left in the library's own memory, however slow the server is.
        int sent = send_all(connection, end);
        if (sent != CM_PQ_ANSWERED || taken > 0) return sent;
    }
}

int cm_pq_put_end(cm_pq_connection *connection, int milliseconds, cm_pq_result **result) {
    long long end = now() + milliseconds;
    *result = NULL;
    for (;;) {
        int taken = pq.putCopyEnd(connection, NULL);
        if (taken < 0) return CM_PQ_LOST;
        int sent = send_all(connection, end);
        if (sent != CM_PQ_ANSWERED) return sent;
        if (taken > 0) return last_result(connection, end, result);
    }
}

int cm_pq_wait(cm_pq_connection *connection, int milliseconds) {
    long long end = now() + milliseconds;
    for (;;) {
        if (!pq.consumeInput(connection)) return -1;
        int found = 0;
        for (void *note; (note = pq.notifies(connection)); found = 1) pq.freemem(note);
        if (found) return 1;
        int is_ready = ready(connection, POLLIN, end);
        if (is_ready <= 0) return is_ready;
    }
}

int cm_pq_is_done(const cm_pq_result *result) {
    int status = pq.resultStatus(result);
    return status == 1 || status == 2;
}
int cm_pq_is_copying(const cm_pq_result *result) { return pq.resultStatus(result) == COPY_IN; }
const char *cm_pq_state(const cm_pq_result *result) { return pq.resultErrorField(result, 'C'); }
const char *cm_pq_message(const cm_pq_result *result) { return pq.resultErrorField(result, 'M'); }
int cm_pq_rows(const cm_pq_result *result) { return pq.ntuples(result); }
const char *cm_pq_changed(cm_pq_result *result) { return pq.cmdTuples(result); }
int cm_pq_is_null(const cm_pq_result *r, int row, int column) { return pq.getisnull(r, row, column); }
int cm_pq_length(const cm_pq_result *r, int row, int column) { return pq.getlength(r, row, column); }
const char *cm_pq_value(const cm_pq_result *r, int row, int column) { return pq.getvalue(r, row, column); }
void cm_pq_clear(cm_pq_result *result) { pq.clear(result); }
