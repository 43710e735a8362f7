//===- CommandLine.h - Options of the subcommands ---------------*- C++ -*-===//
//
// A small parser: one object a subcommand, filled with its options, which
// then parses the arguments and prints the help from the same description.
// What is wrong with a command line is said in one line, with exit status 2.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace mixbit::tool {

/// Exit statuses of the tool.
enum ExitStatus { Done = 0, BadInput = 1, BadUsage = 2 };

class CommandLine {
public:
  /// Takes a value; what it returns, if not empty, is what is wrong with it.
  using Parse = std::function<std::string(llvm::StringRef value)>;

  /// `usage` is what follows "mixbit COMMAND " in the help's first line.
  CommandLine(llvm::StringRef command, llvm::StringRef usage,
              llvm::StringRef description)
      : command(command), usage(usage), description(description) {}

  /// Starts a group of options in the help.
  void heading(llvm::StringRef title);
  void flag(llvm::StringRef name, bool &value, llvm::StringRef help);
  void text(llvm::StringRef name, llvm::StringRef metavar, std::string &value,
            llvm::StringRef help);
  /// A decimal number in least..most.
  void number(llvm::StringRef name, llvm::StringRef metavar, int64_t least,
              int64_t most, int64_t &value, llvm::StringRef help);
  /// One of `choices`.
  void choice(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> choices,
              std::string &value, llvm::StringRef help);
  /// May be given more than once; each value goes to `parse`.
  void custom(llvm::StringRef name, llvm::StringRef metavar, Parse parse,
              llvm::StringRef help);
  /// Parses, and says that it is planned; not in the help.
  void planned(llvm::StringRef name);
  /// The arguments that are no options.
  void positional(llvm::StringRef metavar, size_t least, size_t most,
                  std::vector<std::string> &values);

  /// Fills the values. Returns true to go on; otherwise help or an error was
  /// printed and `status` is the exit status.
  bool parse(llvm::ArrayRef<const char *> arguments, int &status);

  /// Prints one line about a usage error; returns its exit status.
  int usageError(const llvm::Twine &message) const;

private:
  struct Option {
    std::string name, metavar, help;
    Parse parse; ///< empty: a heading
    bool takesValue = false;
    bool hidden = false;
  };

  const Option *find(llvm::StringRef name) const;
  void printHelp() const;

  std::string command, usage, description;
  std::vector<Option> options;
  std::string positionalName;
  size_t leastPositional = 0, mostPositional = 0;
  std::vector<std::string> *positionals = nullptr;
};

/// Prints "mixbit: error: MESSAGE" a line of the error; returns BadInput.
int inputError(llvm::Error error);
int inputError(const llvm::Twine &message);

/// Flushes standard output; BadInput, after a message, if it could not take
/// everything (such as a full disk), else `status`.
int finishOutput(int status);

/// "1x128" as extents; false if it is none.
bool parseShape(llvm::StringRef text, std::vector<int64_t> &shape);

/// Splits "NAME=VALUE" at the last '=' before VALUE's begin (the first one:
/// names of tensors hold none). False if a side is empty.
bool splitAssignment(llvm::StringRef text, std::string &name,
                     std::string &value);

/// A line on standard error that the next one replaces; silent where standard
/// error is no terminal.
class Progress {
public:
  Progress();
  ~Progress() { clear(); }
  void show(const llvm::Twine &text);
  void clear();

private:
  bool isTerminal;
  bool isShown = false;
};

using Arguments = llvm::ArrayRef<const char *>;

/// The subcommands: arguments behind their name, to an exit status.
int runCompile(Arguments arguments);
int runRun(Arguments arguments);
int runBench(Arguments arguments);
int runEvaluate(Arguments arguments);
int runInspect(Arguments arguments);
int runSensitivity(Arguments arguments);

} // namespace mixbit::tool
