#include "policy/read_xml.hpp"

#include "policy/write_xml.hpp"
#include "samples.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bulkhead::policy {
namespace {

using samples::errors;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), with);
}

std::string banks_xml() {
    return write_xml(samples::banks());
}

Document read(const std::string& xml) {
    Problems problems;
    const auto document = read_xml(xml, problems);
    EXPECT_TRUE(problems.none());
    return document.value_or(Document());
}

} // namespace

TEST(ReadXml, GivesBackWhatWasWritten) {
    for (const Document& document :
         {samples::banks(), samples::banks_update(), samples::colours(), samples::colours_update(), samples::initial()})
        EXPECT_EQ(read(write_xml(document)), document);
    std::mt19937 random(1); // NOLINT: the same each time
    for (int i = 0; i < 50; ++i) {
        const Document document = samples::random_document(random);
        EXPECT_EQ(read(write_xml(document)), document);
    }
}

TEST(ReadXml, GivesBackMarksAndOptionalFields) {
    Document document = samples::colours();
    document.header.url = "a<b>&\"c'\r\n\t]]>";
    document.header.reference = "";
    document.header.name_space_url = "urn:x";
    document.header.date = "h\xc3\xa4lf";
    document.conflicts[0].name.text = "R & <D> \"x\"";
    EXPECT_EQ(read(write_xml(document)), document);
}

TEST(ReadXml, TrimsNames) {
    const std::string xml = replaced(write_xml(samples::banks_update()), ">A-Bank.SU</Name>",
                                     ">\n            A-Bank.SU\n</Name>"); // as figure 10.7 prints it
    EXPECT_EQ(read(xml), samples::banks_update());
    EXPECT_EQ(read(replaced(banks_xml(), ">A-Bank</Type>", ">A-<!-- x -->Bank <![CDATA[ ]]></Type>")),
              samples::banks());
}

TEST(ReadXml, SaysWhereTheStructureIsWrong) {
    EXPECT_THAT(errors(replaced(banks_xml(), "    <Version>1.0</Version>\n", "")),
                ElementsAre("6: Element 'PolicyHeader': Missing child element(s). Expected is one of ( NameSpaceUrl, "
                            "Version )"));
    EXPECT_THAT(errors(replaced(banks_xml(), "<PolicyName>mytest</PolicyName>", "<PolicyNam>x</PolicyNam>")),
                ElementsAre("4: element 'PolicyNam' does not belong here",
                            "5: Element 'Date': This element is not expected. Expected is ( PolicyName )"));
    EXPECT_THAT(errors(replaced(banks_xml(), "<PolicyHeader>",
                                "<x:PolicyHeader xmlns:x=\"urn:x\"><Type/></x:PolicyHeader>"
                                "<PolicyHeader>")),
                ElementsAre("3: element 'PolicyHeader' does not belong here"));
    const std::string two = "<Type>A-Bank</Type><Type>B-Bank</Type>";
    std::string xml = banks_xml();
    const std::size_t last = xml.rfind("<Type>AutoCorp</Type>");
    EXPECT_THAT(errors(xml.replace(last, 21, two)),
                ElementsAre(HasSubstr("Element 'Type': This element is not expected")));
    EXPECT_THAT(errors(replaced(banks_xml(), "PrimaryPolicyComponent", "primary")),
                Contains(HasSubstr("'primary' is not an element of the set {'PrimaryPolicyComponent'}")));
    EXPECT_THAT(errors(replaced(banks_xml(), " bootstrap=\"SystemManagement\"", "")),
                Contains(HasSubstr("The attribute 'bootstrap' is required but missing")));
    EXPECT_THAT(
        errors(replaced(banks_xml(), "http://www.ibm.com", "http://www.example.com")),
        Contains("2: element 'SecurityPolicyDefinition' is no policy; that would be SecurityPolicyDefinition of "
                 "the namespace http://www.ibm.com"));
    // A second list of types would have been ignored by Xen's tools.
    const std::string more = "<ChineseWallTypes><Type>A-Bank</Type></ChineseWallTypes></VirtualMachineLabel>";
    EXPECT_THAT(errors(replaced(banks_xml(), "</VirtualMachineLabel>", more)),
                ElementsAre(HasSubstr("Element 'ChineseWallTypes': This element is not expected")));
}

TEST(ReadXml, ShowsEverythingAtOnce) {
    std::string xml = replaced(banks_xml(), "<Version>1.0<", "<Version>1x0<");
    xml = replaced(xml, "<Conflict name=\"RER\">", "<Conflict>");
    xml = replaced(xml, "<Type>AutoCorp</Type>", "<Type>AutoCorp</Type><Type>AutoCorp</Type>");
    xml = replaced(xml, "bootstrap=\"SystemManagement\"", "bootstrap=\"System\"");
    EXPECT_THAT(errors(xml), ElementsAre("6: Version: version '1x0' is not MAJOR.MINOR, such as 1.0",
                                         "16: STE type AutoCorp is declared twice, first in line 16",
                                         "30: Element 'Conflict': The attribute 'name' is required but missing",
                                         "30: a conflict set has no name",
                                         "43: the bootstrap label 'System' is not a VM label of this policy"));
}

TEST(ReadXml, RefusesWhatIsNoXml) {
    EXPECT_THAT(errors(""), ElementsAre("0: the file is empty"));
    EXPECT_THAT(errors("hello"), ElementsAre(HasSubstr("1: not well-formed XML")));
    EXPECT_THAT(errors(banks_xml().substr(0, 900)), Contains(HasSubstr("not well-formed XML")));
    EXPECT_THAT(errors(banks_xml() + "<a/>"), Contains(HasSubstr("not well-formed XML")));
    EXPECT_THAT(errors(replaced(banks_xml(), "mytest", "&unknown;")), Contains(HasSubstr("not well-formed XML")));
}

TEST(ReadXml, RefusesOtherEncodings) {
    EXPECT_THAT(errors("\n\n<a>\xe4</a>"), ElementsAre("3: not UTF-8 text"));
    EXPECT_THAT(errors(std::string("<a>\0</a>", 8)), ElementsAre("1: not UTF-8 text"));
    EXPECT_THAT(errors("\xff\xfe<"), ElementsAre("1: not UTF-8 text"));
    EXPECT_THAT(errors("\x4c\x6f\xa7\x94"), ElementsAre("1: not UTF-8 text")); // "<?xm" in EBCDIC
    // What the declaration says starts no conversion.
    for (const char* name : {"ISO-8859-1", "UTF-16", "UTF-7", "ISO-2022-CN-EXT", "nonsense"})
        EXPECT_EQ(read(replaced(banks_xml(), "encoding=\"UTF-8\"", std::string("encoding=\"") + name + "\"")),
                  samples::banks());
}

TEST(ReadXml, RefusesEntities) {
    const std::string refused = "a document type declaration (DOCTYPE) and entities are not allowed";
    std::string laughs = "<!DOCTYPE lolz [\n<!ENTITY lol0 \"lol\">\n";
    for (int i = 1; i < 10; ++i) {
        laughs += "<!ENTITY lol" + std::to_string(i) + " \"";
        for (int j = 0; j < 10; ++j) laughs += "&lol" + std::to_string(i - 1) + ";";
        laughs += "\">\n";
    }
    const std::string start = "<SecurityPolicyDefinition ";
    EXPECT_THAT(errors(replaced(replaced(banks_xml(), "mytest", "&lol9;"), start, laughs + "]>\n" + start)),
                ElementsAre("2: " + refused));
    const std::string external = "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>";
    EXPECT_THAT(errors(replaced(replaced(banks_xml(), "mytest", "&e;"), start, external + start)),
                ElementsAre("2: " + refused));
    const std::string parameter = "<!DOCTYPE x [<!ENTITY % e SYSTEM \"http://127.0.0.1/x\"> %e;]>";
    EXPECT_THAT(errors(replaced(banks_xml(), start, parameter + start)), ElementsAre("2: " + refused));
    EXPECT_THAT(errors(replaced(banks_xml(), start, "<!DOCTYPE x SYSTEM \"/etc/passwd\">" + start)),
                ElementsAre("2: " + refused));
}

// A server stands ready; nobody may come.
TEST(ReadXml, ConnectsToNobody) {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(server, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(server, 1), 0);
    ASSERT_EQ(::getsockname(server, reinterpret_cast<sockaddr*>(&address), &size), 0);
    const std::string url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/x";
    const std::string start = "<SecurityPolicyDefinition ";
    const std::string location = start + "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" ";
    EXPECT_EQ(read(replaced(banks_xml(), start, location + "xsi:schemaLocation=\"http://other " + url + "\" ")),
              samples::banks());
    EXPECT_EQ(read(replaced(banks_xml(), start, location + "xsi:noNamespaceSchemaLocation=\"" + url + "\" ")),
              samples::banks());
    EXPECT_THAT(errors(replaced(banks_xml(), start, "<!DOCTYPE x SYSTEM \"" + url + "\">" + start)),
                testing::SizeIs(1));
    pollfd ready = {server, POLLIN, 0};
    EXPECT_EQ(::poll(&ready, 1, 0), 0);
    ::close(server);
}

TEST(ReadXml, IsBounded) {
    EXPECT_THAT(errors(std::string(std::size_t{100} << 20, ' ')), ElementsAre("0: larger than 33554432 bytes"));
    std::string deep;
    for (int i = 0; i < 100; ++i) deep += "<a>";
    EXPECT_THAT(errors(deep), Contains("1: elements nested deeper than a policy's"));
    EXPECT_THAT(errors(replaced(banks_xml(), "mytest", std::string(2000, 'x'))),
                Contains("4: a text is longer than 1024 bytes"));
    EXPECT_THAT(errors(replaced(banks_xml(), "name=\"RER\"", "name=\"" + std::string(2000, 'x') + "\"")),
                Contains(HasSubstr("at most 255 characters")));
    std::string many, attributes;
    for (std::size_t i = 0; i <= elements_max; ++i) many += "<a/>\n";
    const auto found = errors("<x>\n" + many + "</x>");
    EXPECT_THAT(found, Contains(std::to_string(elements_max + 1) + ": more elements than a policy may have"));
    for (int i = 0; i < 17; ++i) attributes += " a" + std::to_string(i) + "=''";
    EXPECT_THAT(errors("<a" + attributes + "/>"), ElementsAre("1: more attributes than an element of a policy has"));
    for (int i = 17; i < 20000; ++i) attributes += " a" + std::to_string(i) + "=''";
    EXPECT_THAT(errors("\n<a" + attributes + "/>"), ElementsAre("2: more than 65536 bytes without a tag, or of one"));
    std::string duplicates;
    for (int i = 0; i < 3000; ++i) duplicates += "<Type>a</Type>";
    EXPECT_THAT(errors(replaced(banks_xml(), "<Type>A-Bank</Type>", duplicates)), Contains(HasSubstr("more")));
}

} // namespace bulkhead::policy
