#include <microhttpd.h>
#include <string.h>
#include <strings.h>

// What Swift cannot call: a variadic function and enumerations whose names it imports in another form.

// Takes the percents out of a path or a query, in place; a text with %00 stays as it is: what follows a byte of zero is not seen
// by whoever takes the text as C's, and somebody before this server may have seen it.
static inline size_t faultline_http_unescape(void *context, struct MHD_Connection *connection, char *text) {
    return strstr(text, "%00") ? strlen(text) : MHD_http_unescape(text);
}

static inline struct MHD_Daemon *faultline_http_start(
    int listening_socket, unsigned int connections, unsigned int timeout_seconds,
    MHD_AccessHandlerCallback handler, MHD_RequestCompletedCallback completed,
    MHD_NotifyConnectionCallback connected, void *context, const char *certificate, const char *key) {
    // poll: without it the library takes no connection whose descriptor is beyond FD_SETSIZE, 1,024, and a server of five
    // hundred workers answers nobody.
    // ITC: without it a daemon cannot stop listening while its connections go on.
    const unsigned int flags =
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC;
    if (certificate && key) {
        return MHD_start_daemon(
            flags | MHD_USE_TLS, 0, NULL, NULL, handler, context,
            MHD_OPTION_LISTEN_SOCKET, listening_socket, MHD_OPTION_CONNECTION_LIMIT, connections,
            MHD_OPTION_CONNECTION_TIMEOUT, timeout_seconds, MHD_OPTION_STRICT_FOR_CLIENT, 1,
            MHD_OPTION_NOTIFY_COMPLETED, completed, context, MHD_OPTION_NOTIFY_CONNECTION, connected, context,
            MHD_OPTION_UNESCAPE_CALLBACK, faultline_http_unescape, NULL,
            MHD_OPTION_HTTPS_MEM_CERT, certificate, MHD_OPTION_HTTPS_MEM_KEY, key,
            MHD_OPTION_HTTPS_PRIORITIES, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", MHD_OPTION_END);
    }
    return MHD_start_daemon(
        flags, 0, NULL, NULL, handler, context,
        MHD_OPTION_LISTEN_SOCKET, listening_socket, MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, timeout_seconds, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_COMPLETED, completed, context, MHD_OPTION_NOTIFY_CONNECTION, connected, context,
        MHD_OPTION_UNESCAPE_CALLBACK, faultline_http_unescape, NULL, MHD_OPTION_END);
}

static inline enum MHD_Result faultline_http_result(int accepted) { return accepted ? MHD_YES : MHD_NO; }

static inline const char *faultline_http_argument(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

static inline const char *faultline_http_header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

struct faultline_http_counted {
    const char *name;
    int count;
};

static inline enum MHD_Result faultline_http_count_one(
    void *context, enum MHD_ValueKind kind, const char *name, const char *value) {
    struct faultline_http_counted *counted = context;
    if (name && strcasecmp(name, counted->name) == 0) counted->count += 1;
    return MHD_YES;
}

static inline enum MHD_Result faultline_http_count_same(
    void *context, enum MHD_ValueKind kind, const char *name, const char *value) {
    struct faultline_http_counted *counted = context;
    if (name && strcmp(name, counted->name) == 0) counted->count += 1;
    return MHD_YES;
}

// How often a header stands in a request.
static inline int faultline_http_header_count(struct MHD_Connection *connection, const char *name) {
    struct faultline_http_counted counted = {name, 0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, faultline_http_count_one, &counted);
    return counted.count;
}

// How often a name stands in a query.
static inline int faultline_http_argument_count(struct MHD_Connection *connection, const char *name) {
    struct faultline_http_counted counted = {name, 0};
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, faultline_http_count_same, &counted);
    return counted.count;
}

// Whether a character may stand in a header's name (RFC 9110, section 5.6.2).
static inline int faultline_http_is_token(unsigned char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static inline enum MHD_Result faultline_http_check_one(
    void *context, enum MHD_ValueKind kind, const char *name, size_t name_size, const char *value, size_t value_size) {
    int *is_sound = context;
    for (size_t i = 0; i < name_size; i++) {
        if (!faultline_http_is_token((unsigned char)name[i])) *is_sound = 0;
    }
    for (size_t i = 0; value && i < value_size; i++) {
        if (value[i] == '\r' || value[i] == '\n') *is_sound = 0;
    }
    return MHD_YES;
}

// Whether all headers are such as another reader would see too: a name with a blank behind it is another name to some.
static inline int faultline_http_headers_are_sound(struct MHD_Connection *connection) {
    int is_sound = 1;
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, faultline_http_check_one, &is_sound);
    return is_sound;
}

static inline int faultline_http_descriptor(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static inline const struct sockaddr *faultline_http_address(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info ? info->client_addr : NULL;
}

static inline int faultline_http_is_opened(enum MHD_ConnectionNotificationCode code) {
    return code == MHD_CONNECTION_NOTIFY_STARTED;
}

/* No chunks, and the connection closes behind it. */
static inline int faultline_http_close_behind(struct MHD_Response *response) {
    return MHD_set_response_options(response, MHD_RF_HTTP_VERSION_1_0_ONLY, MHD_RO_END) == MHD_YES;
}

static inline struct MHD_Response *faultline_http_response(const void *bytes, size_t count) {
    return MHD_create_response_from_buffer(count, (void *)bytes, MHD_RESPMEM_MUST_COPY);
}
