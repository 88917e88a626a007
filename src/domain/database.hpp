// Database: RAII over sqlite3. Private to src/domain.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace bulkhead::domain {

class Statement {
public:
    // Positions start at 1. Errors surface in step().
    Statement& bind(int position, std::string_view text);
    Statement& bind(int position, std::int64_t number);
    Result<bool> step(); // true: a row is there
    Status run();        // to its end
    // Of the row; columns start at 0.
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::int64_t number(int column) const;

private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int error_ = 0;
};

class Database {
public:
    // Creates the file (0600) and its folder (0700) when they are not there. WAL, synchronous=FULL: what was committed
    // survives the machine's death too. Held by one process: a second daemon is refused.
    static Result<Database> open(const std::string& file);

    Status execute(const char* sql);
    Result<Statement> prepare(const char* sql);

private:
    struct Close {
        void operator()(sqlite3* handle) const;
    };
    [[nodiscard]] tl::unexpected<Error> error(std::string_view what) const;
    std::unique_ptr<sqlite3, Close> handle_;
    std::string file_;
};

// A transaction that is rolled back unless commit() succeeded.
class Commit {
public:
    static Result<Commit> begin(Database& database);
    Commit(Commit&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    Commit& operator=(Commit&&) = delete;
    Commit(const Commit&) = delete;
    Commit& operator=(const Commit&) = delete;
    ~Commit();
    Status commit();

private:
    explicit Commit(Database& database) : database_(&database) {}
    Database* database_;
};

} // namespace bulkhead::domain
