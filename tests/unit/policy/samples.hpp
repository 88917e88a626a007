// Policies for the tests, made of facts about the users' manual's examples, and small helpers.
#pragma once

#include "policy/policy.hpp"

#include <random>
#include <string>
#include <vector>

namespace bulkhead::policy::samples {

// A label as "NAME: STE STE / WALL WALL", or "NAME<OLD: ..." for one that comes from OLD.
Label label(const std::string& text);
std::vector<Text> texts(const std::string& words);
Conflict rule(const std::string& name, const std::string& types);

// The figures 10.3 and 10.4 of the manual: A-Bank with two departments, B-Bank, AutoCorp, and what has no label.
Document banks();
// The figures 10.5 to 10.7: its update 1.1, without __UNLABELED__, with shorter names for the departments.
Document banks_update();
// xm-test's policy: green, red and blue, of which blue and red exclude each other; and its update under another name.
Document colours();
Document colours_update();
// What is in force before any other policy.
Document initial();

PolicyPtr make(const Document& document);                // by way of XML; fails the test unless it is correct
std::vector<std::string> errors(const std::string& xml); // "LINE: TEXT"
LabelId id(const PolicyPtr& policy, const std::string& label);

// A correct policy of random types, labels and rules.
Document random_document(std::mt19937& random);

} // namespace bulkhead::policy::samples
