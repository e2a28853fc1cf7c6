#ifndef FAULTLINE_CURL_H
#define FAULTLINE_CURL_H

#include <curl/curl.h>

// curl_easy_setopt takes variable arguments, which Swift cannot call: one function for each type that is used.
static inline CURLcode faultline_curl_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode faultline_curl_number(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode faultline_curl_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}
typedef size_t (*faultline_curl_taker)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode faultline_curl_body(CURL *handle, faultline_curl_taker taker, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, taker);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
    return code;
}
typedef int (*faultline_curl_watcher)(void *context, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
static inline CURLcode faultline_curl_progress(CURL *handle, faultline_curl_watcher watcher, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, watcher);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_XFERINFODATA, context);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    return code;
}
typedef size_t (*faultline_curl_giver)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode faultline_curl_source(CURL *handle, faultline_curl_giver giver, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_READFUNCTION, giver);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_READDATA, context);
    return code;
}
// Macros whose casts Swift cannot read.
static const long faultline_curl_everything = CURL_GLOBAL_ALL;
static const long faultline_curl_ssl_all = CURLUSESSL_ALL;
static const long faultline_curl_ssl_try = CURLUSESSL_TRY;
static const long faultline_curl_tls_12 = CURL_SSLVERSION_TLSv1_2;
static const long faultline_curl_http_11 = CURL_HTTP_VERSION_1_1;
static inline long faultline_curl_status(CURL *handle) {
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}
static inline const char *faultline_curl_type(CURL *handle) {
    char *type = 0;
    curl_easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &type);
    return type;
}

#endif
