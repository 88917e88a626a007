#include "policy/read_xml.hpp"

#include "base/text.hpp"
#include "policy/elements.hpp"
#include "policy/schema.hpp"

#include <algorithm>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlschemas.h>
#include <memory>

namespace bulkhead::policy {
namespace {

constexpr std::size_t attributes_max = 16;             // of one element; the schema has no more than one
constexpr std::size_t gap_max = std::size_t{64} << 10; // bytes from one '<' to the next

template <auto Free>
struct Freer {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};
template <typename T, auto Free>
using Owned = std::unique_ptr<T, Freer<Free>>;

std::string_view view(const xmlChar* text) {
    return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

// libxml2 spells names as {namespace}name, and ends with a line end.
std::string readable(const char* message) {
    constexpr std::string_view mark = "{http://www.ibm.com}";
    std::string text(trim(message == nullptr ? "unknown error" : message));
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at))
        text.erase(at, mark.size());
    if (text.ends_with('.')) text.pop_back();
    return printable(text);
}

// libxml2's schema validator, fed with the events of a parser.
class Validator {
public:
    Validator(xmlStructuredErrorFunc report, void* context) {
        const Owned<xmlSchemaParserCtxt, xmlSchemaFreeParserCtxt> parser(
            xmlSchemaNewMemParserCtxt(schema.data(), static_cast<int>(schema.size())));
        schema_.reset(xmlSchemaParse(parser.get()));
        context_.reset(xmlSchemaNewValidCtxt(schema_.get()));
        xmlSchemaSetValidStructuredErrors(context_.get(), report, context);
        plug_.reset(xmlSchemaSAXPlug(context_.get(), &handler_, &data_));
    }
    [[nodiscard]] bool ready() const { return plug_ != nullptr; }

    void start(const xmlChar* name, const xmlChar* prefix, const xmlChar* uri, int namespaces,
               const xmlChar** namespace_list, int attributes, int defaulted, const xmlChar** attribute_list) {
        handler_->startElementNs(data_, name, prefix, uri, namespaces, namespace_list, attributes, defaulted,
                                 attribute_list);
    }
    void end(const xmlChar* name, const xmlChar* prefix, const xmlChar* uri) {
        handler_->endElementNs(data_, name, prefix, uri);
    }
    void characters(const xmlChar* text, int size) { handler_->characters(data_, text, size); }

private:
    Owned<xmlSchema, xmlSchemaFree> schema_;
    Owned<xmlSchemaValidCtxt, xmlSchemaFreeValidCtxt> context_;
    xmlSAXHandler* handler_ = nullptr;
    void* data_ = nullptr;
    Owned<xmlSchemaSAXPlugStruct, xmlSchemaSAXUnplug> plug_;
};

// The parser's events: to the validator, and into the Document. The callbacks are noexcept, since an exception must not
// cross libxml2: with the memory exhausted the program ends.
class Reader {
public:
    Reader(Document& document, Problems& problems)
        : builder_(document, problems), problems_(problems), validator_(report_structure, this) {}

    // False: no XML, or beyond a limit.
    bool read(std::string_view bytes) {
        // Without a parser, or a validator, nothing was read: an empty file is refused as well.
        parser_.reset(xmlCreateMemoryParserCtxt(bytes.data(), static_cast<int>(bytes.size())));
        if (!parser_ || !validator_.ready()) {
            problems_.error(0, bytes.empty() ? "the file is empty" : "libxml2 could not be started");
            return false;
        }
        xmlSAXHandler handler{};
        handler.initialized = XML_SAX2_MAGIC;
        handler.internalSubset = on_doctype;
        handler.startElementNs = on_start;
        handler.endElementNs = on_end;
        handler.characters = on_characters;
        handler.ignorableWhitespace = handler.cdataBlock = handler.characters;
        handler.serror = report_syntax;
        xmlSAXHandler* const own = parser_->sax;
        parser_->sax = &handler;
        parser_->userData = this;
        // The bytes are known to be UTF-8: what the file says of its encoding must not start a conversion.
        xmlCtxtUseOptions(parser_.get(), XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
        // Only "&amp;" and its like are left to replace; without this they arrive as "&#38;" in attributes.
        parser_->replaceEntities = 1;
        xmlParseDocument(parser_.get());
        parser_->sax = own; // the parser frees it
        return !stopped_;
    }

private:
    [[nodiscard]] unsigned line() const {
        const int line = parser_ && parser_->input != nullptr ? parser_->input->line : 0;
        return line > 0 ? static_cast<unsigned>(line) : 0;
    }

    void stop(const char* why) {
        problems_.error(line(), why);
        stopped_ = true;
        xmlStopParser(parser_.get());
    }

    static void on_doctype(void* self, const xmlChar*, const xmlChar*, const xmlChar*) noexcept {
        static_cast<Reader*>(self)->stop("a document type declaration (DOCTYPE) and entities are not allowed");
    }
    static void on_start(void* self, const xmlChar* name, const xmlChar* prefix, const xmlChar* uri, int namespaces,
                         const xmlChar** namespace_list, int attributes, int defaulted,
                         const xmlChar** attribute_list) noexcept {
        static_cast<Reader*>(self)->start(name, prefix, uri, namespaces, namespace_list, attributes, defaulted,
                                          attribute_list);
    }
    static void on_end(void* self, const xmlChar* name, const xmlChar* prefix, const xmlChar* uri) noexcept {
        static_cast<Reader*>(self)->end(name, prefix, uri);
    }
    static void on_characters(void* self, const xmlChar* text, int size) noexcept {
        static_cast<Reader*>(self)->characters(text, size);
    }

    static void report_syntax(void* self, xmlErrorPtr error) noexcept {
        Reader& reader = *static_cast<Reader*>(self);
        if (reader.stopped_ || error->level < XML_ERR_ERROR) return;
        // What follows the first fatal error only confuses.
        reader.stopped_ = error->level == XML_ERR_FATAL;
        const unsigned line = error->line > 0 ? static_cast<unsigned>(error->line) : reader.line();
        reader.problems_.error(line, "not well-formed XML: " + readable(error->message));
    }

    static void report_structure(void* self, xmlErrorPtr error) noexcept {
        Reader& reader = *static_cast<Reader*>(self);
        reader.problems_.error(reader.line(), readable(error->message));
    }

    void start(const xmlChar* name, const xmlChar* prefix, const xmlChar* uri, int namespaces,
               const xmlChar** namespace_list, int attributes, int defaulted, const xmlChar** attribute_list) {
        if (stopped_) return;
        if (++elements_ > elements_max) return stop("more elements than a policy may have");
        if (++depth_ > depth_max) return stop("elements nested deeper than a policy's");
        const auto most = static_cast<int>(attributes_max);
        if (attributes > most || namespaces > most) return stop("more attributes than an element of a policy has");
        // Five pointers each: name, prefix, namespace, the value's begin and end (libxml/parser.h,
        // startElementNsSAX2Func).
        kept_attributes_.clear();
        for (int i = 0; i < attributes; ++i) {
            const xmlChar** const attribute = attribute_list + std::ptrdiff_t{i} * 5;
            // xsi:schemaLocation would make the validator open the file or connection that it names.
            if (view(attribute[2]) == "http://www.w3.org/2001/XMLSchema-instance") continue;
            kept_attributes_.insert(kept_attributes_.end(), attribute, attribute + 5);
            if (attribute[2] == nullptr)
                builder_.attribute(view(attribute[0]), {reinterpret_cast<const char*>(attribute[3]),
                                                        static_cast<std::size_t>(attribute[4] - attribute[3])});
        }
        if (!builder_.start(view(uri) == "http://www.ibm.com" ? view(name) : "", line())) {
            // Kept from the validator, which would say nothing of what follows an element that does not belong there.
            if (unknown_depth_++ == 0) report_unknown(view(name));
            return;
        }
        validator_.start(name, prefix, uri, namespaces, namespace_list, static_cast<int>(kept_attributes_.size() / 5),
                         defaulted, kept_attributes_.data());
    }

    void end(const xmlChar* name, const xmlChar* prefix, const xmlChar* uri) {
        if (stopped_) return;
        builder_.end();
        --depth_;
        if (unknown_depth_ > 0) {
            --unknown_depth_;
        } else {
            validator_.end(name, prefix, uri);
        }
    }

    void report_unknown(std::string_view name) {
        const std::string element = "element '" + printable(name, 64) + "' ";
        problems_.error(line(), depth_ == 1 ? element + "is no policy; that would be SecurityPolicyDefinition of the "
                                                        "namespace http://www.ibm.com"
                                            : element + "does not belong here");
    }

    void characters(const xmlChar* text, int size) {
        if (stopped_) return;
        if (unknown_depth_ == 0) validator_.characters(text, size);
        builder_.text({reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)});
    }

    Builder builder_;
    Problems& problems_;
    Owned<xmlParserCtxt, xmlFreeParserCtxt> parser_; // outlives the validator, which keeps pointers to its names
    Validator validator_;
    std::vector<const xmlChar*> kept_attributes_;
    std::size_t elements_ = 0, depth_ = 0;
    std::size_t unknown_depth_ = 0; // how many of the open elements do not belong there
    bool stopped_ = false;
};

// The line of the first one that is not UTF-8, or that has a NUL; 0 if there is none.
unsigned first_foreign_line(std::string_view bytes) {
    if (bytes.find('\0') == std::string_view::npos &&
        xmlCheckUTF8(reinterpret_cast<const unsigned char*>(std::string(bytes).c_str())) == 1)
        return 0;
    unsigned number = 0;
    for (const std::string_view line : split(bytes, '\n')) {
        ++number;
        if (line.find('\0') != std::string_view::npos ||
            xmlCheckUTF8(reinterpret_cast<const unsigned char*>(std::string(line).c_str())) != 1)
            break;
    }
    return number;
}

// The line of the first tag that is longer than any; 0 if there is none. libxml2 compares each attribute of a tag with
// all others before anybody can object, so that one with a million would take hours. No tag contains a '<'.
unsigned first_long_line(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t next = std::min(bytes.find('<', at + 1), bytes.size());
        if (next - at > gap_max)
            return static_cast<unsigned>(
                1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
        at = next;
    }
    return 0;
}

} // namespace

std::optional<Document> read_xml(std::string_view bytes, Problems& problems) {
    if (bytes.size() > file_max) {
        problems.error(0, "larger than " + std::to_string(file_max) + " bytes");
        return std::nullopt;
    }
    if (const unsigned line = first_foreign_line(bytes); line != 0) {
        problems.error(line, "not UTF-8 text");
        return std::nullopt;
    }
    if (const unsigned line = first_long_line(bytes); line != 0) {
        problems.error(line, "more than " + std::to_string(gap_max) + " bytes without a tag, or of one");
        return std::nullopt;
    }
    xmlInitParser();
    Document document;
    if (!Reader(document, problems).read(bytes)) return std::nullopt;
    return document;
}

} // namespace bulkhead::policy
