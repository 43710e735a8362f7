//===- AllocateFormats.cpp - Formats under a budget -----------------------===//
//
// Gathers the weights, predicts the loss of each in every format that it could
// have, lets lib/quant solve, and writes the decision into the IR and into the
// report. What was fixed before (by --keep, on a grid, small heads) keeps its
// format and takes its part of the budget. An average in bits is kept by all
// linears together, and by those of the body alone.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "lib/quant/Candidates.h"
#include "passes/quantize/Allocation.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Weights.h"

#include "mlir/IR/Threading.h"
#include "llvm/ADT/StringSet.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_ALLOCATEFORMATS
#include "passes/quantize/Passes.h.inc"

namespace {
/// A weight and what can be done with it.
struct Entry {
  WeightUsers users;
  std::string name;
  int64_t rows = 0, cols = 0;
  WeightUse use = WeightUse::Table;
  /// The formats it has, fp32 for none, and why.
  Segments segments;
  std::string reason = "fp32";
  bool isFree = false, isCounted = false;
  unsigned dataBits = 8; ///< of the activations beside it
  bool isHead = false;   ///< of a network that has more than heads
  /// Rows of the parts that formats are chosen for, if it is free.
  SmallVector<int64_t> parts;
  std::vector<double> sensitivity; ///< one, or one a group of rows
  int64_t rowGroup = 0;
  const WeightSensitivity *measured = nullptr;

  int64_t parameters() const { return rows * cols; }
};

/// Rows [first, first + rows) of an entry.
struct Part {
  size_t entry;
  int64_t first, rows;
};

struct AllocateFormats : impl::AllocateFormatsBase<AllocateFormats> {
  using AllocateFormatsBase::AllocateFormatsBase;
  AllocateFormats(const AllocateFormatsOptions &options,
                  AllocationContext *context)
      : AllocateFormatsBase(options), given(context) {}

  void runOnOperation() override {
    AllocationContext own;
    allocation = given ? given : &own;
    if (failed(parseOptions()) || failed(gather()) || failed(predict()) ||
        failed(solve()))
      return signalPassFailure();
  }

private:
  InFlightDiagnostic fail() { return emitError(getOperation().getLoc()); }
  LogicalResult failWith(const Twine &option, llvm::Error error) {
    return fail() << option << ": " << llvm::toString(std::move(error));
  }

  LogicalResult parseOptions() {
    auto parsed = parseBudget(budget);
    if (!parsed)
      return failWith("budget", parsed.takeError());
    limit = *parsed;
    auto named = parsePolicy(policyOption);
    if (!named)
      return failWith("allocation", named.takeError());
    policy = *named;
    numParts = 0;
    if (segmentsOption != "heads" &&
        (StringRef(segmentsOption).getAsInteger(10, numParts) || numParts < 1 ||
         numParts > kMostParts))
      return fail() << "segments: expected heads, or 1 to " << kMostParts
                    << ", but got '" << segmentsOption << "'";
    if (!llvm::is_contained({"fisher", "trace", "omega", "gram", "loss"},
                            metric))
      return fail() << "metric: expected fisher, trace, omega, gram or loss, "
                       "but got '"
                    << metric << "'";
    sensitivities = allocation->sensitivities;
    if (!sensitivities && !sensitivityFile.empty()) {
      auto read = readSensitivities(sensitivityFile);
      if (!read) {
        fail() << llvm::toString(read.takeError());
        return failure();
      }
      fromFile = std::move(*read);
      sensitivities = &fromFile;
    }
    if (limit.unit == BudgetUnit::Milliseconds && !allocation->timeOf)
      return fail() << "budget: expected bits, % or MB where kernels cannot be "
                       "timed, but got '"
                    << budget.getValue() << "'";
    return success();
  }

  /// All weights, which of them are free, and how sensitive those are.
  LogicalResult gather() {
    entries.clear();
    // What the model does not have first: who misnames a weight lacks one.
    llvm::SmallVector<WeightUsers> collected = collectWeights(getOperation());
    llvm::StringSet<> names;
    for (WeightUsers &users : collected)
      names.insert(nodeName(users.constant->getLoc(), "weight"));
    for (const WeightSensitivity &weight :
         sensitivities ? sensitivities->weights
                       : std::vector<WeightSensitivity>())
      if (!names.contains(weight.name))
        return fail() << "sensitivities: expected names of weights, but there "
                         "is no weight '"
                      << weight.name << "'";
    llvm::DenseSet<Operation *> heads = findHeads(getOperation());
    bool countsTables = limit.unit == BudgetUnit::Percent ||
                        limit.unit == BudgetUnit::Megabytes;
    for (WeightUsers &users : collected) {
      Entry entry;
      entry.name = nodeName(users.constant->getLoc(), "weight");
      auto type = cast<RankedTensorType>(users.constant.getType());
      entry.rows = type.getDimSize(0);
      entry.cols = type.getDimSize(1);
      if (llvm::any_of(users.users,
                       [](Operation *op) { return isa<LinearOp>(op); }))
        entry.use = WeightUse::Linear;
      for (Operation *op : users.users)
        if (auto linear = dyn_cast<LinearOp>(op);
            linear && linear.getActivations())
          entry.dataBits = linear.getActivations()->getBits();
      entry.segments = {{entry.rows, Format::makeFloat()}};
      if (FormatAttr attr = formatAttrOf(users.users.front())) {
        std::optional<Segments> segments =
            segmentsOf(attr.getType(), entry.rows);
        if (!segments)
          return users.constant.emitError()
                 << "weight '" << entry.name
                 << "': expected formats of rows, but got " << attr.getType();
        entry.segments = *segments;
        entry.reason = attr.getReason().str();
      }
      entry.isHead = llvm::all_of(users.users, [&](Operation *op) {
        return !isa<LinearOp>(op) || heads.contains(op);
      });
      entry.isCounted = countsTables || entry.use == WeightUse::Linear;
      bool isSmall =
          entry.use == WeightUse::Linear && entry.rows < kLeastOutputs;
      entry.isFree = entry.reason == "default" && entry.isCounted && !isSmall;
      entry.users = std::move(users);
      if (entry.isFree) {
        entry.parts = partsOf(entry);
        if (failed(findSensitivity(entry)))
          return failure();
      }
      entries.push_back(std::move(entry));
    }
    return success();
  }

  /// Rows of the parts of a linear that formats are chosen for: as many heads
  /// of queries, keys or values as fill whole panels, or so many even parts.
  SmallVector<int64_t> partsOf(const Entry &entry) const {
    if (entry.use != WeightUse::Linear)
      return {entry.rows};
    if (numParts)
      return splitRows(entry.rows, numParts);
    for (Operation *op : entry.users.users)
      for (Operation *user : op->getUsers())
        if (auto attention = dyn_cast<AttentionOp>(user);
            attention && isa<LinearOp>(op) &&
            op->getResult(0) != attention.getMask()) {
          int64_t head = entry.rows / attention.getHeads();
          int64_t unit = std::lcm(head, kPanelRows);
          return splitRows(entry.rows, entry.rows / unit, unit);
        }
    return {entry.rows};
  }

  LogicalResult findSensitivity(Entry &entry) {
    auto missing = [&](const Twine &got) {
      return entry.users.constant.emitError()
             << "weight '" << entry.name << "': expected a sensitivity '"
             << metric << "' (of a calibration or a file), but got " << got;
    };
    if (const WeightSensitivity *measured =
            sensitivities ? sensitivities->find(entry.name) : nullptr) {
      if (measured->rows != entry.rows || measured->cols != entry.cols)
        return missing("one of a weight of " + Twine(measured->rows) + "x" +
                       Twine(measured->cols) + " instead of " +
                       Twine(entry.rows) + "x" + Twine(entry.cols));
      entry.measured = measured;
      entry.rowGroup = measured->rowGroup;
      if (metric == "fisher" && !measured->fisher.empty()) {
        if ((int64_t)measured->fisher.size() != entry.parameters())
          return missing(Twine(measured->fisher.size()) + " values");
        double sum = 0;
        for (float value : measured->fisher)
          sum += value;
        entry.sensitivity = {sum};
        return success();
      }
      if (metric == "loss") // by format, looked up when it is needed
        return success();
      auto found = measured->values.find(metric);
      if (found == measured->values.end())
        return missing("none of that measure");
      entry.sensitivity = found->second;
      if (entry.sensitivity.size() == 1)
        entry.rowGroup = 0;
      // An estimate of a trace may be negative, a curvature is not.
      for (double &value : entry.sensitivity)
        value = std::max(value, 0.0);
      return success();
    }
    for (Operation *op : entry.users.users) {
      SensitivityAttr attr = sensitivityAttrOf(op);
      if (!attr)
        continue;
      if (attr.getMetric() != metric)
        return missing("'" + attr.getMetric() + "'");
      llvm::append_range(entry.sensitivity, attr.getValues().asArrayRef());
      int64_t groups = entry.sensitivity.size();
      if (groups > entry.rows)
        return missing(Twine(groups) + " values for " + Twine(entry.rows) +
                       " rows");
      entry.rowGroup = groups == 1 ? 0 : (entry.rows + groups - 1) / groups;
      return success();
    }
    return missing("none");
  }

  /// The choices of the free weights' parts, with their predicted losses.
  LogicalResult predict() {
    weights.clear();
    parts.clear();
    struct Job {
      size_t part, choice;
    };
    std::vector<Job> jobs;
    for (auto [index, entry] : llvm::enumerate(entries)) {
      int64_t first = 0;
      for (int64_t rows : entry.parts) {
        WeightChoices choices{entry.name, rows * entry.cols, {}};
        for (const Format &format :
             candidateFormats(entry.use, rows, entry.cols)) {
          FailureOr<int64_t> size = sizeOf(entry, rows, format);
          if (failed(size))
            return failure();
          jobs.push_back({weights.size(), choices.choices.size()});
          choices.choices.push_back({format, *size, 0});
        }
        weights.push_back(std::move(choices));
        parts.push_back({index, first, rows});
        first += rows;
      }
    }
    auto choiceOf = [&](const Job &job) -> FormatChoice & {
      return weights[job.part].choices[job.choice];
    };
    auto keyOf = [&](const Job &job) {
      const Part &part = parts[job.part];
      std::string format = formatKey(choiceOf(job).format);
      return std::make_pair(part.entry, format + "@" +
                                            std::to_string(part.first) + "+" +
                                            std::to_string(part.rows));
    };
    std::vector<std::string> errors(jobs.size());
    parallelFor(&getContext(), 0, jobs.size(), [&](size_t i) {
      FormatChoice &choice = choiceOf(jobs[i]);
      auto known = allocation->losses.find(keyOf(jobs[i]));
      if (known != allocation->losses.end()) {
        choice.cost = known->second;
        return;
      }
      const Part &part = parts[jobs[i].part];
      auto loss = lossOf(part, choice.format);
      if (loss)
        choice.cost = entries[part.entry].use == WeightUse::Linear
                          ? *loss * allocation->compensation
                          : *loss;
      else
        errors[i] = llvm::toString(loss.takeError());
    });
    for (const Job &job : jobs)
      allocation->losses[keyOf(job)] = choiceOf(job).cost;
    for (auto [job, error] : llvm::zip_equal(jobs, errors))
      if (!error.empty()) {
        const Entry &entry = entries[parts[job.part].entry];
        return entry.users.constant->emitError()
               << "weight '" << entry.name << "': " << error;
      }
    return success();
  }

  llvm::Expected<double> lossOf(const Part &part, const Format &format) {
    const Entry &entry = entries[part.entry];
    if (metric == "loss") {
      auto found = entry.measured->values.find("loss:" + formatKey(format));
      if (found == entry.measured->values.end())
        return llvm::createStringError(
            "expected a measured loss of " + describeFormat(format) +
            " ('loss:" + formatKey(format) + "'), but got none");
      double sum = 0;
      for (double value : found->second)
        sum += value;
      // It was measured for the whole weight.
      return sum * double(part.rows) / double(entry.rows);
    }
    std::vector<uint8_t> storage;
    FailureOr<FloatMatrix> matrix = floatMatrix(entry.users.constant, storage);
    if (failed(matrix))
      return llvm::createStringError(
          "expected its data, of the size that its type says, but it is not "
          "in the IR");
    Curvature curvature;
    std::vector<double> rowValues = entry.sensitivity;
    curvature.rowGroup = entry.rowGroup;
    if (metric == "fisher" && entry.measured)
      curvature.each = entry.measured->fisher;
    if (part.rows != entry.rows) {
      if (!curvature.each.empty())
        curvature.each = curvature.each.slice(part.first * entry.cols,
                                              part.rows * entry.cols);
      // Parts need not begin where groups do.
      if (rowValues.size() > 1) {
        rowValues.clear();
        for (int64_t row = part.first; row != part.first + part.rows; ++row)
          rowValues.push_back(entry.sensitivity[row / entry.rowGroup]);
        curvature.rowGroup = 1;
      }
    }
    curvature.rowValues = rowValues;
    return predictedLoss(rowsOf(*matrix, part.first, part.rows), format,
                         curvature, entry.use);
  }

  /// Bytes that `rows` of its rows take.
  uint64_t bytesOf(const Entry &entry, int64_t rows,
                   const Format &format) const {
    return storedBytes(entry.use, format, rows, entry.cols, allocation->density,
                       entry.dataBits);
  }

  /// What `rows` of its rows take in the unit that the knapsack counts in:
  /// bytes, or nanoseconds.
  FailureOr<int64_t> sizeOf(const Entry &entry, int64_t rows,
                            const Format &format) {
    if (limit.unit != BudgetUnit::Milliseconds)
      return int64_t(bytesOf(entry, rows, format));
    int64_t sum = 0;
    for (Operation *op : entry.users.users) {
      if (!isa<LinearOp>(op))
        continue;
      auto time = allocation->timeOf(op, rows, format);
      if (!time)
        return failWith("budget", time.takeError());
      sum += *time;
    }
    return sum;
  }

  /// A budget for so many weights in that unit; the size of all, back.
  double unitsOf(double value, int64_t parameters) const {
    switch (limit.unit) {
    case BudgetUnit::Bits:
      return value * double(parameters) / 8;
    case BudgetUnit::Percent:
      return value / 100 * 4 * double(parameters);
    case BudgetUnit::Megabytes:
      return value * 1e6 - double(overhead);
    case BudgetUnit::Milliseconds:
      return value * 1e6;
    }
    return 0;
  }
  double valueOf(double units) const {
    switch (limit.unit) {
    case BudgetUnit::Bits:
      return counted ? units * 8 / double(counted) : 0;
    case BudgetUnit::Percent:
      return counted ? units * 100 / 4 / double(counted) : 0;
    case BudgetUnit::Megabytes:
      return (units + double(overhead)) / 1e6;
    case BudgetUnit::Milliseconds:
      return units / 1e6;
    }
    return 0;
  }

  /// Weights that keep a budget of their own.
  struct Share {
    int64_t parameters = 0;
    int64_t fixed = 0;             ///< of those that have their format
    int64_t least = 0;             ///< with the others in the smallest
    int64_t available = 0;         ///< for all
    std::vector<size_t> positions; ///< of the free ones among `weights`
    std::vector<WeightChoices> free;
  };

  /// The body's linears and the heads for an average in bits, else all
  /// together.
  LogicalResult findShares(std::vector<Share> &shares) {
    shares.resize(2);
    counted = 0;
    size_t next = 0;
    for (const Entry &entry : entries) {
      if (!entry.isCounted)
        continue;
      Share &share = shares[limit.unit == BudgetUnit::Bits && entry.isHead];
      counted += entry.parameters();
      share.parameters += entry.parameters();
      if (entry.isFree) {
        for (size_t i = 0; i != entry.parts.size(); ++i) {
          share.positions.push_back(next);
          share.free.push_back(weights[next++]);
        }
        continue;
      }
      for (const Segment &segment : entry.segments) {
        FailureOr<int64_t> size = sizeOf(entry, segment.rows, segment.format);
        if (failed(size))
          return failure();
        share.fixed += *size;
      }
    }
    for (Share &share : shares)
      share.least = share.fixed + smallestSize(itemsOf(share.free));
    return success();
  }

  /// Shares the budget out: to the heads theirs by the number of weights, or
  /// what they need at least; the body pays for that, and never gets more than
  /// its own share.
  LogicalResult divide(std::vector<Share> &shares) {
    auto units = [&](int64_t parameters) {
      return int64_t(std::floor(unitsOf(limit.value, parameters) + 1e-6));
    };
    Share &body = shares[0], &heads = shares[1];
    int64_t all = units(counted);
    double least = valueOf(double(body.least + heads.least));
    if (heads.parameters == 0 || body.parameters == 0) {
      body.available = all - heads.least;
      heads.available = all - body.least;
    } else {
      heads.available = std::max(units(heads.parameters), heads.least);
      body.available = std::min(units(body.parameters), all - heads.available);
      least = std::max(least, double(body.least) * 8 / double(body.parameters));
    }
    if (body.available >= body.least && heads.available >= heads.least)
      return success();
    return fail() << "budget: expected at least "
                  << budgetTextAbove({limit.unit, least})
                  << ", which is every weight in its smallest format, but got "
                  << budgetText(limit);
  }

  LogicalResult solve() {
    if (weights.empty())
      return fail() << "budget: expected weights to choose formats for, but "
                       "every one has its format already";
    std::vector<Share> shares;
    if (failed(findShares(shares)) || failed(divide(shares)))
      return failure();
    Allocation whole;
    whole.chosen.resize(weights.size());
    int64_t fixed = 0;
    for (Share &share : shares) {
      fixed += share.fixed;
      if (share.free.empty())
        continue;
      auto solved =
          allocateFormats(share.free, share.available - share.fixed, policy);
      if (!solved && (policy == AllocationPolicy::Uniform ||
                      policy == AllocationPolicy::Greedy)) {
        llvm::consumeError(solved.takeError());
        return fail() << "budget: expected one that a format for all weights "
                         "fits, but got "
                      << budgetText(limit);
      }
      if (!solved)
        return failWith("budget", solved.takeError());
      whole.size += solved->size;
      whole.cost += solved->cost;
      whole.lowerBound += solved->lowerBound;
      for (auto [position, choice] :
           llvm::zip_equal(share.positions, solved->chosen))
        whole.chosen[position] = choice;
    }
    // The curve is the body's, the heads as they were chosen.
    const Share &drawn = shares[shares[0].free.empty() ? 1 : 0];
    Allocation own;
    std::vector<unsigned> chosen;
    for (size_t position : drawn.positions)
      chosen.push_back(whole.chosen[position]);
    std::vector<AllocationItem> items = itemsOf(drawn.free);
    own = measureAllocation(items, std::move(chosen));
    return finish(whole, fixed, items, whole.size + fixed - own.size,
                  whole.cost - own.cost);
  }

  /// Writes the decision down.
  LogicalResult finish(const Allocation &solved, int64_t fixed,
                       ArrayRef<AllocationItem> items, int64_t otherSize,
                       double otherCost) {
    AllocationReport &report = allocation->report;
    report = {};
    report.budget = limit;
    report.policy = policy;
    report.metric = metric;
    report.size = valueOf(double(solved.size + fixed));
    report.loss = solved.cost;
    if (policy == AllocationPolicy::Optimal)
      report.lowerBound = solved.lowerBound;
    if (curvePoints != 0) {
      auto curve = paretoCurve(items, curvePoints);
      if (!curve)
        return failWith("curve", curve.takeError());
      for (const Allocation &point : *curve)
        report.curve.push_back(
            {valueOf(double(point.size + otherSize)), point.cost + otherCost});
    }
    size_t next = 0;
    double bodyBytes = 0, bodyParameters = 0;
    for (Entry &entry : entries) {
      int64_t first = 0;
      auto addRow = [&](const Segment &segment) -> AllocatedWeight & {
        AllocatedWeight &row = report.weights.emplace_back();
        row.name = entry.name;
        row.op = entry.use == WeightUse::Linear ? "linear" : "embedding";
        row.firstRow = first;
        row.rows = segment.rows;
        row.isPart = segment.rows != entry.rows;
        row.cols = entry.cols;
        row.isCounted = entry.isCounted;
        row.reason = entry.reason;
        row.format = segment.format;
        row.bytes = bytesOf(entry, segment.rows, segment.format);
        row.isBody = entry.use == WeightUse::Linear && !entry.isHead;
        if (row.isBody) {
          bodyBytes += double(row.bytes);
          bodyParameters += double(segment.rows * entry.cols);
        }
        first += segment.rows;
        return row;
      };
      if (!entry.isFree) {
        for (const Segment &segment : entry.segments)
          addRow(segment);
        continue;
      }
      entry.segments.clear();
      entry.reason = "allocated";
      for (int64_t rows : entry.parts) {
        const WeightChoices &choices = weights[next];
        const FormatChoice &choice = choices.choices[solved.chosen[next++]];
        entry.segments.push_back({rows, choice.format});
        double sensitivity = sensitivityOf(entry, first, rows);
        AllocatedWeight &row = addRow(entry.segments.back());
        row.loss = choice.cost;
        row.considered = choices.choices;
        row.sensitivity = sensitivity;
      }
      entry.segments = mergeSegments(entry.segments);
      annotate(entry);
    }
    if (bodyParameters > 0)
      report.bodyBits = 8 * bodyBytes / bodyParameters;
    Builder builder(&getContext());
    SmallVector<NamedAttribute> summary = {
        builder.getNamedAttr("allocation",
                             builder.getStringAttr(policyName(policy))),
        builder.getNamedAttr("budget",
                             builder.getStringAttr(budgetText(limit))),
        builder.getNamedAttr("loss", builder.getF64FloatAttr(report.loss)),
        builder.getNamedAttr("metric", builder.getStringAttr(metric)),
        builder.getNamedAttr("size", builder.getStringAttr(budgetText(
                                         {limit.unit, report.size})))};
    if (report.lowerBound)
      summary.push_back(builder.getNamedAttr(
          "lower_bound", builder.getF64FloatAttr(*report.lowerBound)));
    getOperation()->setAttr("mixbit.allocation",
                            builder.getDictionaryAttr(summary));
    return success();
  }

  /// The measure summed over some rows.
  double sensitivityOf(const Entry &entry, int64_t first, int64_t rows) const {
    double sum = 0;
    if (rows != entry.rows && metric == "fisher" && entry.measured &&
        !entry.measured->fisher.empty()) {
      for (float value : ArrayRef(entry.measured->fisher)
                             .slice(first * entry.cols, rows * entry.cols))
        sum += value;
      return sum;
    }
    for (double value : entry.sensitivity)
      sum += value;
    // Of values by groups of rows the part has its share.
    return sum * double(rows) / double(entry.rows);
  }

  void annotate(const Entry &entry) {
    auto format = FormatAttr::get(
        &getContext(), typeOf(&getContext(), entry.segments), "allocated");
    SensitivityAttr sensitivity;
    if (!entry.sensitivity.empty())
      sensitivity = SensitivityAttr::get(
          &getContext(), metric,
          DenseF64ArrayAttr::get(&getContext(), entry.sensitivity));
    for (Operation *op : entry.users.users) {
      ++allocated;
      setFormatAttr(op, format);
      if (sensitivity)
        setSensitivityAttr(op, sensitivity);
    }
  }

  AllocationContext *given = nullptr, *allocation = nullptr;
  Budget limit;
  AllocationPolicy policy = AllocationPolicy::Optimal;
  const Sensitivities *sensitivities = nullptr;
  Sensitivities fromFile;
  std::vector<Entry> entries;
  /// Of each matrix: how many, or 0 for heads.
  static constexpr int64_t kMostParts = 64;
  int64_t numParts = 1;
  std::vector<Part> parts;            ///< of the free entries, in order
  std::vector<WeightChoices> weights; ///< of the parts
  int64_t counted = 0;                ///< parameters of all that count
};
} // namespace

std::unique_ptr<Pass>
createAllocateFormats(const AllocateFormatsOptions &options,
                      AllocationContext *context) {
  return std::make_unique<AllocateFormats>(options, context);
}
} // namespace mixbit
