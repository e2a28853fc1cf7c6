#include <sqlite3.h>

// The database file as SQLite itself has opened it. To open it a second time and close that again would give up the locks
// that this process holds on it.

static inline sqlite3_file *faultline_sqlite_file(sqlite3 *database) {
    sqlite3_file *file = 0;
    if (sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) return 0;
    return file && file->pMethods ? file : 0;
}

static inline sqlite3_int64 faultline_sqlite_size(sqlite3 *database) {
    sqlite3_file *file = faultline_sqlite_file(database);
    sqlite3_int64 size = -1;
    return file && file->pMethods->xFileSize(file, &size) == SQLITE_OK ? size : -1;
}

static inline int faultline_sqlite_read(sqlite3 *database, void *bytes, int count, sqlite3_int64 offset) {
    sqlite3_file *file = faultline_sqlite_file(database);
    if (!file) return SQLITE_IOERR;
    int status = file->pMethods->xRead(file, bytes, count, offset);
    // What is beyond the end reads as zeros.
    return status == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : status;
}
