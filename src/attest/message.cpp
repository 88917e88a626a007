#include "attest/message.hpp"

#include "measure/byte_reader.hpp"
#include "measure/hash.hpp"

#include <algorithm>

namespace bulkhead::attest {
namespace {

using measure::ByteReader;

constexpr char version = 1;
constexpr std::size_t header_size = 6; // size, version, type

void put_field(std::string& bytes, std::string_view field) {
    measure::put_u32_big(bytes, static_cast<std::uint32_t>(field.size()));
    bytes += field;
}

Result<std::string> read_field(ByteReader& reader, const char* name, std::size_t least, std::size_t most) {
    const std::size_t place = reader.offset();
    const std::uint32_t size = TRY(reader.u32_big(name));
    if (size < least || size > most)
        return ByteReader::error(place, std::string(name) + " of " + std::to_string(size) +
                                            " bytes: " + std::to_string(least) + " to " + std::to_string(most));
    return std::string(TRY(reader.take(size, name)));
}

struct Writer {
    std::string bytes;
    void operator()(const Hello& hello) { put_field(bytes, hello.machine); }
    void operator()(const Challenge& challenge) {
        put_field(bytes, challenge.nonce);
        put_field(bytes, challenge.pcrs);
    }
    void operator()(const Evidence& evidence) {
        put_field(bytes, evidence.quote);
        put_field(bytes, evidence.signature);
        put_field(bytes, evidence.values);
        put_field(bytes, evidence.log);
    }
    void operator()(const Release& release) {
        bytes.reserve(release.secret.size() + 4); // one copy, which the sender wipes
        put_field(bytes, release.secret);
    }
    void operator()(const Refusal& refusal) { put_field(bytes, std::string_view(refusal.why).substr(0, secret_limit)); }
};

Result<Message> read_message(ByteReader& reader, std::uint8_t type) {
    switch (type) {
    case 1: {
        Hello hello;
        hello.machine = TRY(read_field(reader, "the machine's name", 1, 64));
        return hello;
    }
    case 2: {
        Challenge challenge;
        challenge.nonce = TRY(read_field(reader, "the nonce", nonce_size, nonce_size));
        challenge.pcrs = TRY(read_field(reader, "the PCRs", 1, 1024));
        return challenge;
    }
    case 3: {
        Evidence evidence;
        evidence.quote = TRY(read_field(reader, "the quote", 1, 4096));
        evidence.signature = TRY(read_field(reader, "the signature", 1, 4096));
        evidence.values = TRY(read_field(reader, "the PCRs' values", 1, 16 << 10));
        evidence.log = TRY(read_field(reader, "the log", 1, log_limit));
        return evidence;
    }
    case 4: {
        Release release;
        release.secret = TRY(read_field(reader, "the secret", 1, secret_limit));
        return release;
    }
    case 5: {
        Refusal refusal;
        refusal.why = TRY(read_field(reader, "the reason", 0, secret_limit));
        return refusal;
    }
    default:
        return ByteReader::error(5, "a message of type " + std::to_string(type) + ", which nobody sends");
    }
}

} // namespace

std::string encode(const Message& message) {
    Writer writer;
    std::visit(writer, message);
    std::string frame;
    frame.reserve(writer.bytes.size() + header_size);
    measure::put_u32_big(frame, static_cast<std::uint32_t>(writer.bytes.size() + 2));
    frame.push_back(version);
    frame.push_back(static_cast<char>(message.index() + 1));
    frame += writer.bytes;
    std::fill(writer.bytes.begin(), writer.bytes.end(), '\0');
    return frame;
}

Result<std::optional<Decoded>> decode(std::string_view bytes, std::size_t most) {
    if (bytes.size() < 4) return std::optional<Decoded>();
    ByteReader outer(bytes);
    const std::uint32_t size = TRY(outer.u32_big("the frame's size"));
    if (size < 2 || size > most)
        return ByteReader::error(0, "a message of " + std::to_string(size) + " bytes: 2 to " + std::to_string(most) +
                                        " are expected here");
    if (outer.rest().size() < size) return std::optional<Decoded>();
    ByteReader reader(TRY(outer.take(size, "the message")), 4);
    const std::uint8_t said = TRY(reader.u8("the version"));
    if (said != version) return ByteReader::error(4, "version " + std::to_string(said) + " of the protocol, not 1");
    const std::uint8_t type = TRY(reader.u8("the type"));
    Decoded decoded;
    decoded.message = TRY(read_message(reader, type));
    if (!reader.empty())
        return ByteReader::error(reader.offset(), std::to_string(reader.rest().size()) + " bytes behind the message");
    decoded.size = size + 4U;
    return std::optional<Decoded>(std::move(decoded));
}

std::string qualifying_data(std::string_view machine, std::string_view nonce, std::string_view exported) {
    std::string bytes;
    put_field(bytes, "bulkhead attestation 1");
    put_field(bytes, machine);
    put_field(bytes, nonce);
    put_field(bytes, exported);
    return measure::hash(measure::Bank::sha256, bytes);
}

} // namespace bulkhead::attest
