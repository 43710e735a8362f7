//===- Bench.cpp - mixbit bench -------------------------------------------===//
//
// Measures a library's latency on made-up or given inputs: some runs to warm
// up, then single runs timed one by one. The profile is of further runs, since
// taking it costs time itself.
//
//===----------------------------------------------------------------------===//
#include "tools/mixbit/CommandLine.h"
#include "tools/mixbit/Roofline.h"
#include "tools/mixbit/Session.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <map>
#include <random>
#include <thread>
#include <tuple>

using namespace mixbit;
using namespace mixbit::tool;
using llvm::StringRef;

namespace {
struct Options {
  std::vector<std::string> library;
  llvm::StringMap<std::vector<int64_t>> shapes;
  llvm::StringMap<int64_t> symbols;
  std::string archive, entry;
  int64_t threads = 0, runs = 0, warmup = 3;
  bool profile = false, json = false;
};

/// Times of one kernel for one node, summed over runs.
struct KernelTime {
  int64_t nanoseconds = 0;
  int64_t calls = 0;
  double bytes = 0, floats = 0, integers = 0;
};
using Profile =
    llvm::MapVector<std::pair<std::string, std::string>, KernelTime,
                    std::map<std::pair<std::string, std::string>, unsigned>>;

struct Result {
  std::string target;
  std::vector<double> milliseconds;
  std::vector<std::pair<std::string, std::vector<int64_t>>> shapes;
  Profile profile;
  Roofline roofline;
  int64_t profiledRuns = 0;
  int64_t arenaBytes = 0;
};
} // namespace

/// What the symbols are: as --symbols says, as the dimensions of --shape say,
/// else 1 for a batch and 128 for anything longer.
static llvm::Expected<std::vector<std::vector<int64_t>>>
chooseShapes(const Session &session, const Options &options) {
  const mixbit_api *api = session.api();
  int32_t numSymbols = api->num_symbols(api, session.entry());
  std::vector<int64_t> symbols(numSymbols, -1);
  for (const auto &given : options.symbols) {
    bool known = false;
    for (int32_t s = 0; s < numSymbols; ++s)
      if (given.getKey() == api->entry_symbol(api, session.entry(), s)) {
        symbols[s] = given.getValue();
        known = true;
      }
    if (!known) {
      std::vector<std::string> names;
      for (int32_t s = 0; s < numSymbols; ++s)
        names.push_back(api->entry_symbol(api, session.entry(), s));
      return llvm::createStringError(
          session.path() + ": '" + given.getKey() +
          "' is not a symbolic dimension; they are: " +
          (names.empty() ? "none" : llvm::join(names, ", ")));
    }
  }

  for (const auto &given : options.shapes) {
    auto input = session.findInput(given.getKey());
    if (!input)
      return input.takeError();
    const mixbit_port *port = session.inputs()[*input];
    // What does not fit is for the library to say when the input is bound.
    for (int32_t d = 0;
         d < port->rank && d < static_cast<int32_t>(given.getValue().size());
         ++d) {
      int64_t symbol = -1 - port->dims[d];
      if (symbol >= 0 && symbol < numSymbols && symbols[symbol] < 0)
        symbols[symbol] = given.getValue()[d];
    }
  }
  for (int32_t s = 0; s < numSymbols; ++s) {
    StringRef name = api->entry_symbol(api, session.entry(), s);
    if (symbols[s] < 0)
      symbols[s] = name.contains_insensitive("batch") ? 1 : 128;
  }

  std::vector<std::vector<int64_t>> shapes;
  for (const mixbit_port *port : session.inputs()) {
    if (auto it = options.shapes.find(port->name); it != options.shapes.end()) {
      shapes.push_back(it->second);
      continue;
    }
    std::vector<int64_t> shape;
    for (int32_t d = 0; d < port->rank; ++d) {
      int64_t dim = port->dims[d];
      if (dim < 0 && -1 - dim >= numSymbols)
        return llvm::createStringError(
            session.path() + ": the shape of input '" + port->name +
            "' is computed; give it with --shape " + port->name + "=...");
      shape.push_back(dim < 0 ? symbols[-1 - dim] : dim);
    }
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

/// Made-up values: masks are 1, token types 0, other integers 0..99, floats
/// between -1 and 1.
static Tensor makeInput(const mixbit_port &port, std::vector<int64_t> shape,
                        std::mt19937 &random) {
  Tensor tensor(port.type, std::move(shape));
  StringRef name = port.name;
  int64_t count = tensor.numElements();
  if (isIntegerType(port.type)) {
    bool isMask = name.contains_insensitive("mask");
    bool isType = name.contains_insensitive("token_type");
    for (int64_t i = 0; i < count; ++i)
      tensor.setInteger(i, isMask                       ? 1
                           : isType                     ? 0
                           : tensor.type == MIXBIT_BOOL ? random() % 2
                                                        : random() % 100);
  } else {
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (int64_t i = 0; i < count; ++i)
      tensor.setFloat(i, uniform(random));
  }
  return tensor;
}

static llvm::Error measure(Session &session, const Options &options,
                           Result &result) {
  using Clock = std::chrono::steady_clock;
  Progress progress;
  for (int64_t i = 0; i < options.warmup; ++i)
    if (auto error = session.run())
      return error;
  // Without a number of runs: two seconds, at least 5 and at most 1000 runs.
  auto begin = Clock::now();
  auto enough = [&](int64_t done) {
    if (options.runs > 0)
      return done >= options.runs;
    return done >= 1000 ||
           (done >= 5 && Clock::now() - begin > std::chrono::seconds(2));
  };
  for (int64_t i = 0; !enough(i); ++i) {
    auto start = Clock::now();
    if (auto error = session.run())
      return error;
    std::chrono::duration<double, std::milli> time = Clock::now() - start;
    result.milliseconds.push_back(time.count());
    progress.show("run " + llvm::Twine(i + 1));
  }
  const mixbit_api *api = session.api();
  result.target = api->context_target(session.context());
  result.arenaBytes = api->arena_bytes(session.context());
  if (!options.profile)
    return llvm::Error::success();

  auto record = [](void *user, const mixbit_kernel_event *event) {
    auto &profile = *static_cast<Profile *>(user);
    KernelTime &time = profile[{event->kernel ? event->kernel : "",
                                event->node ? event->node : ""}];
    time.nanoseconds += event->nanoseconds;
    time.bytes += event->bytes;
    time.floats += event->float_products;
    time.integers += event->integer_products;
    ++time.calls;
  };
  api->set_profiler(session.context(), record, &result.profile);
  result.profiledRuns = std::min<int64_t>(result.milliseconds.size(), 20);
  for (int64_t i = 0; i < result.profiledRuns; ++i)
    if (auto error = session.run())
      return error;
  api->set_profiler(session.context(), nullptr, nullptr);
  result.roofline = measureRoofline(result.target, options.threads);
  return llvm::Error::success();
}

static double median(std::vector<double> values) {
  llvm::sort(values);
  size_t half = values.size() / 2;
  return values.size() % 2 ? values[half]
                           : (values[half - 1] + values[half]) / 2;
}

namespace {
/// One line of the profile: what a kernel does a run.
struct Row {
  std::string kernel, node;
  int64_t nodes = 1;
  double milliseconds = 0, share = 0, bytes = 0, floats = 0, integers = 0;
  double ofRoofline = 0;

  double products() const { return floats + integers; }
};
} // namespace

/// The longest first. Without `nodes` one row a kernel, of all its nodes.
static std::vector<Row> profileRows(const Result &result, bool nodes) {
  std::vector<Row> rows;
  llvm::StringMap<size_t> byKernel;
  double total = 0;
  for (const auto &[key, time] : result.profile) {
    Row row{key.first, key.second};
    row.milliseconds = time.nanoseconds * 1e-6 / result.profiledRuns;
    row.bytes = time.bytes / result.profiledRuns;
    row.floats = time.floats / result.profiledRuns;
    row.integers = time.integers / result.profiledRuns;
    total += row.milliseconds;
    auto [known, isNew] = byKernel.try_emplace(key.first, rows.size());
    if (nodes || isNew) {
      rows.push_back(std::move(row));
      continue;
    }
    Row &sum = rows[known->second];
    ++sum.nodes;
    sum.milliseconds += row.milliseconds;
    sum.bytes += row.bytes;
    sum.floats += row.floats;
    sum.integers += row.integers;
  }
  for (Row &row : rows) {
    row.share = total > 0 ? row.milliseconds / total : 0;
    if (row.milliseconds > 0)
      row.ofRoofline =
          result.roofline.secondsFor(row.bytes, row.floats, row.integers) *
          1e3 / row.milliseconds;
  }
  llvm::sort(rows, [](const Row &left, const Row &right) {
    return std::tie(right.milliseconds, left.kernel, left.node) <
           std::tie(left.milliseconds, right.kernel, right.node);
  });
  return rows;
}

static void printJson(const Result &result, const Options &options) {
  llvm::json::OStream json(llvm::outs(), 1);
  json.object([&] {
    json.attribute("median_ms", median(result.milliseconds));
    json.attribute("min_ms", *llvm::min_element(result.milliseconds));
    json.attributeArray("runs_ms", [&] {
      for (double time : result.milliseconds)
        json.value(time);
    });
    json.attribute("threads", options.threads);
    json.attributeObject("shapes", [&] {
      for (const auto &[name, shape] : result.shapes)
        json.attribute(name, llvm::json::Array(shape));
    });
    json.attribute("target", result.target);
    json.attribute("arena_bytes", result.arenaBytes);
    if (!options.profile)
      return;
    json.attributeObject("roofline", [&] {
      json.attribute("read_gb_s", result.roofline.bandwidth * 1e-9);
      json.attribute("float_gmac_s", result.roofline.floatProducts * 1e-9);
      json.attribute("integer_gmac_s", result.roofline.integerProducts * 1e-9);
    });
    json.attributeArray("profile", [&] {
      for (const Row &row : profileRows(result, /*nodes=*/true))
        json.object([&] {
          json.attribute("kernel", row.kernel);
          json.attribute("node", row.node);
          json.attribute("ms", row.milliseconds);
          json.attribute("share", row.share);
          json.attribute("bytes", row.bytes);
          json.attribute("float_macs", row.floats);
          json.attribute("integer_macs", row.integers);
          json.attribute("of_roofline", row.ofRoofline);
        });
    });
  });
  llvm::outs() << "\n";
}

static void printText(const Result &result, const Options &options) {
  llvm::raw_ostream &os = llvm::outs();
  os << llvm::format("median %.3f ms, minimum %.3f ms",
                     median(result.milliseconds),
                     *llvm::min_element(result.milliseconds))
     << " (" << result.milliseconds.size() << " runs, " << options.threads
     << (options.threads == 1 ? " thread, " : " threads, ") << result.target
     << ")\n";
  for (const auto &[name, shape] : result.shapes)
    os << "  " << name << " " << shapeText(shape) << "\n";
  if (!options.profile)
    return;
  const Roofline &roofline = result.roofline;
  os << llvm::format("\nmeasured beside it: %.1f GB/s read, %.1f GMAC/s of "
                     "floats, %.1f of bytes\n",
                     roofline.bandwidth * 1e-9, roofline.floatProducts * 1e-9,
                     roofline.integerProducts * 1e-9);
  os << "\n      ms   share  nodes       MB      MMAC   GMAC/s  roofline  "
        "kernel\n";
  for (const Row &row : profileRows(result, /*nodes=*/false))
    os << llvm::format(
              "%8.4f  %5.1f%%  %5lld  %7.2f  %8.2f  %7.2f    %5.1f%%  ",
              row.milliseconds, row.share * 100, (long long)row.nodes,
              row.bytes * 1e-6, row.products() * 1e-6,
              row.products() * 1e-6 / std::max(row.milliseconds, 1e-9),
              row.ofRoofline * 100)
       << row.kernel << "\n";
  os << "\n      ms   share  kernel, node\n";
  for (const Row &row : profileRows(result, /*nodes=*/true))
    os << llvm::format("%8.4f  %5.1f%%  ", row.milliseconds, row.share * 100)
       << row.kernel << ", " << row.node << "\n";
}

static llvm::Error bench(const Options &options) {
  auto library = Library::open(options.library.front());
  if (!library)
    return library.takeError();
  auto entry = library->findEntry(options.entry);
  if (!entry)
    return entry.takeError();
  auto session = Session::create(*library, *entry, options.threads);
  if (!session)
    return session.takeError();

  std::vector<Tensor> tensors;
  if (!options.archive.empty()) {
    InputArrays arrays;
    if (auto error = arrays.addArchive(options.archive))
      return error;
    auto taken = arrays.take(*session);
    if (!taken)
      return taken.takeError();
    tensors = std::move(*taken);
  } else {
    auto shapes = chooseShapes(*session, options);
    if (!shapes)
      return shapes.takeError();
    std::mt19937 random(1);
    for (auto [port, shape] : llvm::zip_equal(session->inputs(), *shapes))
      tensors.push_back(makeInput(*port, shape, random));
  }

  Result result;
  for (size_t i = 0; i < tensors.size(); ++i) {
    result.shapes.emplace_back(session->inputs()[i]->name, tensors[i].shape);
    if (auto error = session->bind(i, tensors[i]))
      return error;
  }
  if (auto error = measure(*session, options, result)) {
    if (session->wasBadData() && options.archive.empty())
      return llvm::joinErrors(
          std::move(error),
          llvm::createStringError("bench makes up integers of 0 to 99; give "
                                  "inputs that fit with --inputs FILE.npz"));
    return error;
  }
  if (options.json)
    printJson(result, options);
  else
    printText(result, options);
  return llvm::Error::success();
}

int mixbit::tool::runBench(Arguments arguments) {
  Options options;
  CommandLine command(
      "bench", "MODEL.so [options]",
      "Measures the time of single runs. Inputs are made up: 1 where the name\n"
      "holds 'mask', 0 where it holds 'token_type', other integers 0 to 99,\n"
      "floats -1 to 1. Symbolic dimensions are 1 if their name holds 'batch',\n"
      "else 128, unless --shape or --symbols says otherwise.");
  command.positional("the path of a library", 1, 1, options.library);
  command.custom(
      "--shape", "NAME=1x128",
      [&](StringRef text) {
        std::string name, value;
        std::vector<int64_t> shape;
        if (!splitAssignment(text, name, value) || !parseShape(value, shape))
          return std::string("NAME=EXTENTxEXTENT..., such as input_ids=1x128");
        options.shapes[name] = shape;
        return std::string();
      },
      "the shape of an input; its symbols hold for the others");
  command.custom(
      "--symbols", "NAME=N[,NAME=N...]",
      [&](StringRef text) {
        llvm::SmallVector<StringRef> parts;
        text.split(parts, ',');
        for (StringRef part : parts) {
          std::string name, value;
          std::vector<int64_t> extent;
          if (!splitAssignment(part, name, value) ||
              !parseShape(value, extent) || extent.size() != 1)
            return std::string("NAME=N, such as batch=1,sequence=128");
          options.symbols[name] = extent[0];
        }
        return std::string();
      },
      "symbolic dimensions");
  command.text("--inputs", "FILE.npz", options.archive,
               "real inputs instead of made-up ones");
  command.text("--entry", "NAME", options.entry,
               "the entry point, if there are several");
  command.number("--threads", "N", 0, 1024, options.threads,
                 "threads (default: 0, one a CPU)");
  command.number("--runs", "N", 1, 10000000, options.runs,
                 "runs to time (default: two seconds of them, 5 to 1000)");
  command.number("--warmup", "N", 0, 1000000, options.warmup,
                 "runs before that (default: 3)");
  command.flag("--profile", options.profile,
               "also the time of each kernel and ONNX node");
  command.flag("--json", options.json, "print one JSON object");
  int status = Done;
  if (!command.parse(arguments, status))
    return status;
  if (!options.archive.empty() &&
      (!options.shapes.empty() || !options.symbols.empty()))
    return command.usageError("--inputs has its own shapes: expected no "
                              "--shape and no --symbols beside it");
  if (options.threads == 0)
    options.threads = std::max(1u, std::thread::hardware_concurrency());
  if (auto error = bench(options))
    return inputError(std::move(error));
  return Done;
}
