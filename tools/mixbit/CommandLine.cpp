//===- CommandLine.cpp - Options of the subcommands -----------------------===//
#include "tools/mixbit/CommandLine.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace mixbit::tool;
using llvm::StringRef;
using llvm::Twine;

void CommandLine::heading(StringRef title) {
  options.push_back({"", "", title.str(), nullptr});
}

void CommandLine::custom(StringRef name, StringRef metavar, Parse parse,
                         StringRef help) {
  options.push_back({name.str(), metavar.str(), help.str(), std::move(parse),
                     !metavar.empty()});
}

void CommandLine::flag(StringRef name, bool &value, StringRef help) {
  custom(
      name, "",
      [&value](StringRef) {
        value = true;
        return std::string();
      },
      help);
}

void CommandLine::text(StringRef name, StringRef metavar, std::string &value,
                       StringRef help) {
  custom(
      name, metavar,
      [&value](StringRef given) {
        value = given.str();
        return given.empty() ? std::string("a value that is not empty")
                             : std::string();
      },
      help);
}

void CommandLine::number(StringRef name, StringRef metavar, int64_t least,
                         int64_t most, int64_t &value, StringRef help) {
  custom(
      name, metavar,
      [&value, least, most](StringRef given) {
        int64_t parsed;
        if (given.getAsInteger(10, parsed) || parsed < least || parsed > most)
          return ("a number of " + Twine(least) + " to " + Twine(most)).str();
        value = parsed;
        return std::string();
      },
      help);
}

void CommandLine::choice(StringRef name, llvm::ArrayRef<StringRef> choices,
                         std::string &value, StringRef help) {
  std::string joined = llvm::join(choices, "|");
  auto known = llvm::to_vector(choices);
  custom(
      name, joined,
      [&value, joined, known](StringRef given) {
        if (!llvm::is_contained(known, given))
          return "one of " + joined;
        value = given.str();
        return std::string();
      },
      help);
}

void CommandLine::planned(StringRef name) {
  options.push_back({name.str(), "", "", nullptr, false, true});
}

void CommandLine::positional(StringRef metavar, size_t least, size_t most,
                             std::vector<std::string> &values) {
  positionalName = metavar.str();
  leastPositional = least;
  mostPositional = most;
  positionals = &values;
}

const CommandLine::Option *CommandLine::find(StringRef name) const {
  for (const Option &option : options)
    if (!option.name.empty() && option.name == name)
      return &option;
  return nullptr;
}

int CommandLine::usageError(const Twine &message) const {
  llvm::errs() << "mixbit " << command << ": error: " << message
               << " (see mixbit " << command << " --help)\n";
  return BadUsage;
}

bool CommandLine::parse(llvm::ArrayRef<const char *> arguments, int &status) {
  bool onlyPositionals = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    StringRef argument = arguments[i];
    if (onlyPositionals || argument == "-" || !argument.starts_with("-")) {
      if (!positionals || positionals->size() == mostPositional) {
        status = usageError("unexpected argument '" + argument + "'");
        return false;
      }
      positionals->push_back(argument.str());
      continue;
    }
    if (argument == "--") {
      onlyPositionals = true;
      continue;
    }
    if (argument == "--help" || argument == "-h") {
      printHelp();
      status = finishOutput(Done);
      return false;
    }

    StringRef name = argument, value;
    bool hasValue = false;
    if (argument.starts_with("--") && argument.contains('=')) {
      std::tie(name, value) = argument.split('=');
      hasValue = true;
    }
    const Option *option = find(name);
    if (!option) {
      status = usageError("unknown option '" + name + "'");
      return false;
    }
    if (option->hidden) {
      status = usageError("option '" + name + "' is not supported yet");
      return false;
    }
    if (option->takesValue && !hasValue) {
      // The next argument, unless that is an option itself.
      if (i + 1 == arguments.size() || find(arguments[i + 1])) {
        status = usageError("option '" + name + "' needs a value (" +
                            option->metavar + ")");
        return false;
      }
      value = arguments[++i];
    } else if (!option->takesValue && hasValue) {
      status = usageError("option '" + name + "' takes no value");
      return false;
    }
    std::string expected = option->parse(value);
    if (!expected.empty()) {
      status = usageError("option '" + name + "': expected " + expected +
                          ", but got '" + value + "'");
      return false;
    }
  }
  if (positionals && positionals->size() < leastPositional) {
    status = usageError("expected " + positionalName);
    return false;
  }
  return true;
}

void CommandLine::printHelp() const {
  llvm::raw_ostream &os = llvm::outs();
  os << "usage: mixbit " << command << " " << usage << "\n\n"
     << description << "\n";
  if (options.empty() || options.front().parse)
    os << "\noptions:\n";
  auto print = [&](const Twine &left, StringRef help) {
    std::string text = ("  " + left).str();
    constexpr unsigned column = 28;
    if (text.size() + 2 > column)
      text += "\n" + std::string(column, ' ');
    else
      text.resize(column, ' ');
    os << text;
    // The lines of one help text stand under each other.
    llvm::SmallVector<StringRef> lines;
    help.split(lines, '\n');
    llvm::interleave(
        lines, os, [&](StringRef line) { os << line; },
        "\n" + std::string(column, ' '));
    os << "\n";
  };
  for (const Option &option : options) {
    if (option.hidden)
      continue;
    if (!option.parse)
      os << "\n" << option.help << ":\n";
    else
      print(option.name + (option.takesValue ? " " : "") + option.metavar,
            option.help);
  }
  print("--help", "this text");
}

int mixbit::tool::inputError(llvm::Error error) {
  llvm::handleAllErrors(std::move(error), [](const llvm::ErrorInfoBase &info) {
    llvm::errs() << "mixbit: error: " << info.message() << "\n";
  });
  return BadInput;
}

int mixbit::tool::inputError(const Twine &message) {
  llvm::errs() << "mixbit: error: " << message << "\n";
  return BadInput;
}

int mixbit::tool::finishOutput(int status) {
  llvm::outs().flush();
  std::error_code code = llvm::outs().error();
  if (code)
    status = inputError("cannot write standard output: " + code.message());
  // Left set, an error would end the process as an internal one.
  llvm::outs().clear_error();
  llvm::errs().clear_error();
  return status;
}

bool mixbit::tool::parseShape(StringRef text, std::vector<int64_t> &shape) {
  shape.clear();
  if (text == "scalar")
    return true;
  llvm::SmallVector<StringRef> parts;
  text.split(parts, 'x');
  for (StringRef part : parts) {
    int64_t extent;
    if (part.getAsInteger(10, extent) || extent < 0 || extent > (1 << 30))
      return false;
    shape.push_back(extent);
  }
  return true;
}

bool mixbit::tool::splitAssignment(StringRef text, std::string &name,
                                   std::string &value) {
  auto [left, right] = text.split('=');
  name = left.str();
  value = right.str();
  return !name.empty() && !value.empty();
}

Progress::Progress()
    : isTerminal(llvm::sys::Process::StandardErrIsDisplayed()) {}

void Progress::show(const Twine &text) {
  if (!isTerminal)
    return;
  llvm::errs() << "\r\x1b[K" << text;
  isShown = true;
}

void Progress::clear() {
  if (isShown)
    llvm::errs() << "\r\x1b[K";
  isShown = false;
}
