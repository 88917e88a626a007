// TableEvents: that another program has changed a table of nf_tables' bridge family in this network namespace, as the
// kernel tells it, on a descriptor for an event loop. `nft flush ruleset`, with which Debian's nftables.service begins
// when it is reloaded, removes every table.
#pragma once

#include "base/result.hpp"
#include "net/message.hpp"
#include "net/socket.hpp"

#include <string>

namespace bulkhead::net {

// Pure: the messages of nf_tables in, foreign changes out. The kernel tells of every object that a batch changed, and
// at its end who sent it (nf_tables_gen_notify() of net/netfilter/nf_tables_api.c).
class TableChanges {
public:
    // `own`: the name of the programs whose changes do not count, as in /proc/self/comm.
    TableChanges(std::string table, std::string own) : table_(std::move(table)), own_(std::move(own)) {}
    // True: with this message a foreign batch that changed the table is over.
    bool see(const Message& message);

private:
    std::string table_, own_;
    bool changed_ = false; // by the batch that is being told
};

class TableEvents {
public:
    // Changes by programs of this one's name, its workers, do not count.
    static Result<TableEvents> open(const std::string& table);

    [[nodiscard]] int fd() const { return socket_.fd(); }
    // Whether there was a foreign change, or may have been, since the last call; never blocks. Call it when fd() is
    // readable.
    Result<bool> take();

private:
    TableEvents(Socket socket, TableChanges changes) : socket_(std::move(socket)), changes_(std::move(changes)) {}
    Socket socket_;
    TableChanges changes_;
};

} // namespace bulkhead::net
