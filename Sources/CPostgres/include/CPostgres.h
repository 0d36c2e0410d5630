// libpq, PostgreSQL's client library, loaded when it is first needed.
//
// It is not linked: it brings two dozen libraries with it (Kerberos, LDAP, GnuTLS), which every command would load,
// whatever it does, and a home without a shared store needs none of them. What is declared here is the part of libpq-fe.h that is
// used, under names of our own; libpq has kept it binary compatible since version 9 under the name libpq.so.5.
#pragma once

#include <stddef.h>

typedef struct pg_conn cm_pq_connection;
typedef struct pg_result cm_pq_result;

// An option of a connection, as libpq lists it (PQconninfoOption).
typedef struct {
    char *keyword;
    char *variable;
    char *compiled;
    char *value;
    char *label;
    char *shown;
    int size;
} cm_pq_option;

// How a query ended.
enum {
    // The server has answered, perhaps with an error.
    CM_PQ_ANSWERED = 0,
    // It has not answered in time: the connection can only be closed.
    CM_PQ_LATE = 1,
    // The connection is lost.
    CM_PQ_LOST = 2,
};

// Loads libpq.so.5; NULL, or what the loader says. Safe to call from any thread, and again.
const char *cm_pq_load(void);

// The options that an address names, ended by one without a keyword; NULL for an address that is none. The text of
// the reason is put into `why`.
cm_pq_option *cm_pq_parse(const char *address, char *why, size_t why_size);
void cm_pq_free_options(cm_pq_option *options);

// Connects; the result is never NULL unless memory is out, and is_open says whether it worked.
cm_pq_connection *cm_pq_connect(const char *const *keywords, const char *const *values);
int cm_pq_is_open(const cm_pq_connection *connection);
void cm_pq_close(cm_pq_connection *connection);
// What went wrong last with a connection.
const char *cm_pq_connection_error(const cm_pq_connection *connection);
// Whether the connection is encrypted.
int cm_pq_is_encrypted(cm_pq_connection *connection);
// The server's version: 150018 is 15.18.
int cm_pq_server_version(const cm_pq_connection *connection);

// Runs one statement with parameters in binary form, and waits for its end at most so many milliseconds.
int cm_pq_run(
    cm_pq_connection *connection, const char *statement, int count, const unsigned int *types,
    const char *const *values, const int *lengths, int milliseconds, cm_pq_result **result);
// Sends some bytes of the rows that a COPY waits for, as the answer to its statement says (cm_pq_is_copying).
int cm_pq_put(cm_pq_connection *connection, const char *bytes, int count, int milliseconds);
// Ends the rows, and waits for what became of them.
int cm_pq_put_end(cm_pq_connection *connection, int milliseconds, cm_pq_result **result);
// Waits until the server has something to say that nobody asked for: 1 if it has, 0 if not, -1 if the connection is
// lost.
int cm_pq_wait(cm_pq_connection *connection, int milliseconds);

// Whether a statement worked.
int cm_pq_is_done(const cm_pq_result *result);
// Whether a COPY waits for its rows.
int cm_pq_is_copying(const cm_pq_result *result);
// The five characters of SQLSTATE; NULL where the server gave none.
const char *cm_pq_state(const cm_pq_result *result);
const char *cm_pq_message(const cm_pq_result *result);
int cm_pq_rows(const cm_pq_result *result);
// The number of rows that a statement has changed.
const char *cm_pq_changed(cm_pq_result *result);
int cm_pq_is_null(const cm_pq_result *result, int row, int column);
int cm_pq_length(const cm_pq_result *result, int row, int column);
const char *cm_pq_value(const cm_pq_result *result, int row, int column);
void cm_pq_clear(cm_pq_result *result);
