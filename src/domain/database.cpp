#include "domain/database.hpp"

#include "base/file.hpp"
#include "base/log.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

namespace bulkhead::domain {

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Statement& Statement::bind(int position, std::string_view text) {
    const int rc =
        sqlite3_bind_text64(statement_.get(), position, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    if (error_ == SQLITE_OK) error_ = rc;
    return *this;
}

Statement& Statement::bind(int position, std::int64_t number) {
    const int rc = sqlite3_bind_int64(statement_.get(), position, number);
    if (error_ == SQLITE_OK) error_ = rc;
    return *this;
}

Result<bool> Statement::step() {
    const int rc = error_ != SQLITE_OK ? error_ : sqlite3_step(statement_.get());
    if (rc == SQLITE_ROW) return true;
    if (rc == SQLITE_DONE) return false;
    sqlite3* handle = sqlite3_db_handle(statement_.get());
    return fail(std::string("state database: ") + (error_ != SQLITE_OK ? sqlite3_errstr(rc) : sqlite3_errmsg(handle)),
                rc);
}

Status Statement::run() {
    while (TRY(step())) {
    }
    return {};
}

std::string Statement::text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::int64_t Statement::number(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

void Database::Close::operator()(sqlite3* handle) const {
    sqlite3_close_v2(handle);
}

tl::unexpected<Error> Database::error(std::string_view what) const {
    return fail(file_ + ": " + std::string(what) + ": " + sqlite3_errmsg(handle_.get()),
                sqlite3_errcode(handle_.get()));
}

Result<Database> Database::open(const std::string& file) {
    const std::size_t slash = file.rfind('/');
    if (slash != std::string::npos && slash > 0) TRY(make_directories(file.substr(0, slash), 0700));
    Database database;
    database.file_ = file;
    const mode_t before = ::umask(0077);
    sqlite3* handle = nullptr;
    const int rc = sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    database.handle_.reset(handle);
    Status opened;
    if (rc != SQLITE_OK) {
        opened = database.error("cannot open the state database");
    } else {
        sqlite3_busy_timeout(handle, 2000);
        opened = database.execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                  "PRAGMA foreign_keys=ON; BEGIN IMMEDIATE; COMMIT;");
    }
    ::umask(before);
    if (!opened && sqlite3_errcode(handle) == SQLITE_BUSY) {
        return fail(file + " is in use: another bulkheadd runs already");
    }
    if (!opened && sqlite3_errcode(handle) == SQLITE_NOTADB) {
        return fail(file + " is not a state database; move it away and start bulkheadd again (running domains stay; "
                           "they are then left to themselves)");
    }
    TRY(opened);
    return database;
}

Status Database::execute(const char* sql) {
    if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error("state database");
    return {};
}

Result<Statement> Database::prepare(const char* sql) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(handle_.get(), sql, -1, &raw, nullptr) != SQLITE_OK) return error("state database");
    Statement statement;
    statement.statement_.reset(raw);
    return statement;
}

Result<Commit> Commit::begin(Database& database) {
    TRY(database.execute("BEGIN IMMEDIATE"));
    return Commit(database);
}

Commit::~Commit() {
    if (database_ == nullptr) return;
    if (const Status undone = database_->execute("ROLLBACK"); !undone) log::error(undone.error().message);
}

Status Commit::commit() {
    TRY(database_->execute("COMMIT"));
    database_ = nullptr;
    return {};
}

} // namespace bulkhead::domain
