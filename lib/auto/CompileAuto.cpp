//===- CompileAuto.cpp - Formats from an ONNX file and samples ------------===//
#include "lib/auto/CompileAuto.h"
#include "lib/auto/KernelTimes.h"
#include "lib/auto/OutputErrors.h"
#include "lib/auto/Statistics.h"

#include "lib/calibrate/CalibrationData.h"
#include "lib/compiler/GraphLibrary.h"
#include "lib/compiler/Stages.h"
#include "lib/measure/Measure.h"
#include "lib/support/Npy.h"
#include "passes/quantize/Allocation.h"
#include "passes/quantize/Passes.h"
#include "passes/sensitivity/Attributes.h"
#include "passes/simplify/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace mixbit {

Sensitivities mixSensitivities(ArrayRef<Sensitivities> domains,
                               ArrayRef<double> weights) {
  Sensitivities mix;
  double total = 0;
  for (auto [domain, weight] : zip_equal(domains, weights)) {
    if (weight == 0)
      continue;
    double share = weight / (total + weight);
    if (total == 0)
      mix = domain;
    mix.samples = total == 0 ? domain.samples : mix.samples + domain.samples;
    total += weight;
    if (share == 1)
      continue;
    auto blend = [&](auto &into, const auto &from) {
      for (auto [a, b] : zip_equal(into, from))
        a += share * (b - a);
    };
    for (auto [into, from] : zip_equal(mix.weights, domain.weights)) {
      for (auto &[measure, values] : into.values)
        blend(values, from.values.find(measure)->second);
      blend(into.fisher, from.fisher);
    }
  }
  return mix;
}

/// What compensation of errors leaves of a linear's loss, beside what tables
/// lose: of a MiniLM rounded on 384 samples 0.20 (2.46 bits) and 0.23 (4 bits)
/// on 128 others.
static constexpr double kCompensated = 0.25;

namespace {
/// One compilation with formats under a budget.
class AutoCompiler {
public:
  AutoCompiler(const CompileOptions &given, raw_ostream &diagnostics)
      : options(given), diagnostics(diagnostics),
        times(given.symbols, given.threads, diagnostics) {}

  bool run();

private:
  bool fail(Error error) {
    diagnostics << "error: " << toString(std::move(error)) << "\n";
    return false;
  }
  void progress(StringRef stage) {
    if (options.progress)
      options.progress(stage.str());
  }
  Error load();
  Error measure();
  Error sortRows();
  Error readDomains();
  Error writeDomains();
  void roundWithStatistics();
  Error addUtilities();
  Expected<uint64_t> measureFile();
  struct Fit {
    int64_t overhead; ///< bytes left for what is no weight
    double loss;      ///< predicted, of what is chosen then
  };
  Expected<std::optional<Fit>> findFit(double megabytes);
  bool fitFile(double megabytes);
  void summarize();
  /// Runs the choice of formats alone, on a copy of the graph.
  Expected<AllocationReport> allocateWith(const Sensitivities &sensitivities);

  CompileOptions options;
  raw_ostream &diagnostics;
  KernelTimes times;
  std::optional<GraphModel> model;
  std::vector<CalibrationFile> files;
  std::vector<SampleSet> samples;
  std::vector<Sensitivities> domains;
  std::vector<InputStatistics> inputs; ///< of each domain, with --statistics
  Sensitivities mix;
  AllocationContext context;
};
} // namespace

/// What a file has of the domains that were asked for.
Error AutoCompiler::readDomains() {
  progress("reading statistics");
  auto read = readStatistics(options.statistics);
  if (!read)
    return read.takeError();
  auto chosen = chooseDomains(std::move(*read), options.calibration);
  if (!chosen)
    return createStringError("--calibration: " + toString(chosen.takeError()));
  for (DomainStatistics &domain : *chosen) {
    files.push_back({domain.name, domain.weight, ""});
    domains.push_back(std::move(domain.sensitivities));
    inputs.push_back(std::move(domain.inputs));
  }
  return Error::success();
}

/// Measures inputs of layers too, and writes all of it.
Error AutoCompiler::writeDomains() {
  auto data = CalibrationData::load(options.calibration);
  if (!data)
    return data.takeError();
  CalibrateOptions collecting;
  collecting.threads = options.threads;
  collecting.progress = [this](int64_t done, int64_t all) {
    progress(("inputs of layers " + Twine(done) + "/" + Twine(all)).str());
  };
  auto collected =
      collectInputStatistics(model->module(), *data, collecting, diagnostics);
  if (!collected)
    return collected.takeError();
  inputs = std::move(*collected);
  std::vector<DomainStatistics> all;
  for (auto [file, measured, collected] : zip_equal(files, domains, inputs))
    all.push_back({file.name, file.weight, measured, collected});
  return writeStatistics(options.statistics, all);
}

/// Has weights rounded by the statistics, whether they were measured or read:
/// the same mix makes the same library.
void AutoCompiler::roundWithStatistics() {
  context.roundWeights =
      [this](mlir::ModuleOp module) -> Expected<RoundedWeights> {
    std::vector<const InputStatistics *> pointers;
    std::vector<double> shares;
    double total = 0;
    for (const CalibrationFile &file : files)
      total += file.weight;
    for (auto [file, statistics] : zip_equal(files, inputs)) {
      pointers.push_back(&statistics);
      shares.push_back(file.weight / total);
    }
    CalibrateOptions rounding;
    rounding.threads = options.threads;
    rounding.progress = [this](int64_t done, int64_t all) {
      progress(("rounding " + Twine(done) + "/" + Twine(all)).str());
    };
    auto rounded = roundOnStatistics(module, pointers, shares, rounding);
    if (!rounded)
      return rounded.takeError();
    return std::move(rounded->weights);
  };
}

/// The graph, and the samples checked against it.
Error AutoCompiler::load() {
  if (!options.statistics.empty() && sys::fs::exists(options.statistics)) {
    if (Error error = readDomains())
      return error;
    progress("import");
    auto loaded =
        GraphModel::load(options.models, options.threads, diagnostics);
    if (!loaded)
      return loaded.takeError();
    model.emplace(std::move(*loaded));
    return Error::success();
  }
  auto parsed = parseCalibrations(options.calibration);
  if (!parsed)
    return createStringError("--calibration: " + toString(parsed.takeError()));
  files = std::move(*parsed);
  std::vector<NamedTensors> arrays;
  for (const CalibrationFile &file : files) {
    auto read = readNpz(file.path);
    if (!read)
      return read.takeError();
    arrays.push_back(std::move(*read));
  }
  progress("import");
  auto loaded = GraphModel::load(options.models, options.threads, diagnostics);
  if (!loaded)
    return loaded.takeError();
  model.emplace(std::move(*loaded));
  auto functions = model->module().getOps<mlir::func::FuncOp>();
  if (!files.empty() && !llvm::hasSingleElement(functions))
    return createStringError(
        "--calibration: expected one model, but got " +
        Twine(std::distance(functions.begin(), functions.end())));
  for (auto [file, tensors] : zip_equal(files, arrays)) {
    auto set = SampleSet::take(*functions.begin(), tensors,
                               findTensor(tensors, "labels") ? "labels" : "",
                               file.path);
    if (!set)
      return set.takeError();
    samples.push_back(std::move(*set));
  }
  return Error::success();
}

/// Sensitivities of every domain, unless a file has them.
Error AutoCompiler::measure() {
  if (!options.sensitivity.empty()) {
    // An ONNX file carries them in its metadata.
    bool isModel = options.sensitivity == options.models.front();
    Expected<Sensitivities> read =
        isModel ? annotatedSensitivities(model->module(), options.sensitivity)
                : readSensitivities(options.sensitivity);
    if (!read)
      return read.takeError();
    mix = std::move(*read);
    context.sensitivities = &mix;
    return Error::success();
  }
  std::vector<double> weights;
  for (const CalibrationFile &file : files)
    weights.push_back(file.weight);
  auto func = *model->module().getOps<mlir::func::FuncOp>().begin();
  for (const SampleSet &set : samples) {
    MeasureOptions measuring;
    measuring.threads = options.threads;
    measuring.progress = options.progress;
    auto meter = SensitivityMeter::create(func, set, measuring, diagnostics);
    if (!meter)
      return meter.takeError();
    Error error = options.metric == "trace"   ? (*meter)->measureTrace()
                  : options.metric == "omega" ? (*meter)->measureOmega()
                                              : (*meter)->measureFisher();
    if (error)
      return error;
    domains.push_back((*meter)->result());
  }
  if (!options.statistics.empty()) {
    if (!samples.empty())
      if (Error error = writeDomains())
        return error;
    roundWithStatistics();
  }
  mix = mixSensitivities(domains, weights);
  context.sensitivities = &mix;
  return Error::success();
}

/// Orders rows by the sensitivities; from here on the graph and all that was
/// measured are in that order.
Error AutoCompiler::sortRows() {
  auto orders = findRowOrders(model->module(), &mix, options.metric);
  if (!orders)
    return orders.takeError();
  context.rowOrders = std::move(*orders);
  applyRowOrders(mix, context.rowOrders);
  for (Sensitivities &domain : domains)
    applyRowOrders(domain, context.rowOrders);
  if (failed(applyRowOrders(model->module(), context.rowOrders)))
    return createStringError("rows could not be sorted");
  return Error::success();
}

Expected<AllocationReport>
AutoCompiler::allocateWith(const Sensitivities &sensitivities) {
  AllocationContext own;
  own.sensitivities = &sensitivities;
  own.timeOf = context.timeOf;
  own.overhead = context.overhead;
  own.density = context.density;
  own.compensation = context.compensation;
  AssignFormatsOptions assign;
  assign.weights = "auto";
  assign.activations = options.activations;
  for (const auto &[pattern, format] : options.keep)
    assign.keep.push_back(pattern + "=" + format);
  AllocateFormatsOptions allocate;
  allocate.budget = options.budget;
  allocate.policyOption = options.allocation;
  allocate.metric = options.metric;
  allocate.overhead = context.overhead;
  allocate.segmentsOption = options.segments;
  mlir::OwningOpRef<mlir::ModuleOp> copy = model->module().clone();
  mlir::PassManager manager(copy->getContext());
  manager.addPass(createAssignFormats(assign));
  manager.addPass(createDetectGrids());
  manager.addPass(createAllocateFormats(allocate, &own));
  if (failed(manager.run(*copy)))
    return createStringError("formats could not be chosen");
  return std::move(own.report);
}

/// What each domain of the mix is worth, from the tables of predicted losses of
/// each: they are linear in the sensitivities, so nothing is measured again.
Error AutoCompiler::addUtilities() {
  if (domains.size() < 2)
    return Error::success();
  progress("utility of domains");
  std::vector<double> weights;
  for (const CalibrationFile &file : files)
    weights.push_back(file.weight);
  AllocationReport &report = context.report;
  for (size_t left = 0; left != domains.size(); ++left) {
    std::vector<double> others = weights;
    others[left] = 0;
    auto own = allocateWith(domains[left]);
    auto without =
        own ? allocateWith(mixSensitivities(domains, others)) : std::move(own);
    if (!own || !without)
      return own ? without.takeError() : Error(without.takeError());
    DomainUtility utility;
    utility.name = files[left].name;
    utility.weight = files[left].weight;
    utility.samples = domains[left].samples;
    for (auto [chosen, alone, other] :
         zip_equal(report.weights, own->weights, without->weights)) {
      for (auto [choice, lone] :
           zip_equal(chosen.considered, alone.considered)) {
        if (choice.format == chosen.format)
          utility.loss += lone.cost;
        if (choice.format == other.format)
          utility.lossWithout += choice.cost;
      }
      utility.changedWeights += !(chosen.format == other.format);
    }
    report.domains.push_back(std::move(utility));
  }
  return Error::success();
}

/// The size of the library with formats chosen for the overhead at hand, made
/// without rounding, which changes no size.
Expected<uint64_t> AutoCompiler::measureFile() {
  SmallString<128> temporary;
  if (std::error_code code =
          sys::fs::createTemporaryFile("mixbit", "so", temporary))
    return createStringError("cannot make a temporary file: " + code.message());
  CompileOptions trial = options;
  trial.output = temporary.str().str();
  trial.emit = Emit::SharedLibrary;
  trial.report.clear();
  trial.progress = nullptr;
  trial.allocationContext = &context;
  context.sizeOnly = true;
  // The model's rows are in order already.
  RowOrders orders = std::exchange(context.rowOrders, {});
  mlir::OwningOpRef<mlir::ModuleOp> graph = model->module().clone();
  // Rounding frees a weight that nothing else holds; here the model does.
  SmallVector<mlir::Attribute> held;
  graph->walk([&](mlir::Operation *op) {
    op->getAttrDictionary().walk(
        [&](mlir::DenseResourceElementsAttr data) { held.push_back(data); });
  });
  (*graph)->setAttr("mixbit.held",
                    mlir::ArrayAttr::get(graph->getContext(), held));
  mlir::PassManager manager(graph->getContext());
  if (options.trimPadding)
    manager.addNestedPass<mlir::func::FuncOp>(createTrimPadding());
  bool made = succeeded(manager.run(*graph));
  auto compilation = std::make_unique<Compilation>(*graph, trial, diagnostics);
  made = made && compilation->resolveTargets() && compilation->quantize() &&
         compilation->kernelize() &&
         buildLibrary(std::move(compilation), trial, diagnostics);
  context.sizeOnly = false;
  context.rowOrders = std::move(orders);
  uint64_t bytes = 0;
  std::error_code code = sys::fs::file_size(temporary, bytes);
  sys::fs::remove(temporary);
  if (!made)
    return createStringError("--budget " + options.budget +
                             ": the size of the file could not be measured");
  if (code)
    return createStringError(temporary + ": " + code.message());
  return bytes;
}

/// Finds how many bytes to leave for what is no weight. Code grows with the
/// number of formats, and which are chosen follows from the room for it, so
/// that sizes may jump: what fits is kept, and bisected where the next try does
/// not.
Expected<std::optional<AutoCompiler::Fit>>
AutoCompiler::findFit(double megabytes) {
  double budget = megabytes * 1e6;
  int64_t fitting = -1, failing = -1;
  double loss = 0;
  // Most libraries' code; whatever is wrong with it, the first round tells.
  context.overhead = std::min<int64_t>(400000, budget / 4);
  for (int round = 0; round != 5; ++round) {
    progress("measuring the size of the code");
    Expected<uint64_t> measured = measureFile();
    if (!measured)
      return measured.takeError();
    uint64_t bytes = *measured;
    uint64_t weights = 0;
    for (const AllocatedWeight &weight : context.report.weights)
      weights += weight.bytes;
    int64_t overhead = int64_t(bytes) - int64_t(weights);
    int64_t next;
    if (double(bytes) <= budget) {
      fitting = context.overhead;
      loss = context.report.loss;
      if (budget - double(bytes) <= budget / 100)
        break;
      next = overhead;
    } else {
      failing = context.overhead;
      next = std::max(overhead, context.overhead + 4096);
    }
    if (fitting >= 0 && failing >= 0) {
      if (fitting - failing < 8192)
        break;
      if (next <= failing || next >= fitting)
        next = (failing + fitting) / 2;
    } else if (next == fitting) {
      break; // there is nothing larger
    }
    context.overhead = next;
  }
  if (fitting < 0)
    return std::nullopt;
  return Fit{fitting, loss};
}

/// Parts of matrices lose less for the same bytes of weights, but take code for
/// each format: whole ones are tried too.
bool AutoCompiler::fitFile(double megabytes) {
  auto fit = findFit(megabytes);
  if (!fit)
    return fail(fit.takeError());
  if (options.segments != "1") {
    std::string segments = std::exchange(options.segments, "1");
    auto whole = findFit(megabytes);
    if (!whole)
      return fail(whole.takeError());
    if (*whole && (!*fit || (*whole)->loss < (*fit)->loss)) {
      diagnostics << "remark: whole matrices are predicted to lose less than "
                     "--segments "
                  << segments << ", whose kernels take more of the file\n";
      *fit = *whole;
    } else {
      options.segments = segments;
    }
  }
  if (!*fit)
    return fail(
        createStringError("--budget: expected formats whose file has at most " +
                          options.budget + ", but found none"));
  context.overhead = (*fit)->overhead;
  return true;
}

bool AutoCompiler::run() {
  auto budget = parseBudget(options.budget);
  if (!budget)
    return fail(createStringError("--budget: " + toString(budget.takeError())));
  if (options.calibration.empty() && options.sensitivity.empty() &&
      options.statistics.empty())
    return fail(createStringError(
        "--weights auto: expected --calibration or --sensitivity, but got "
        "neither"));
  context.curvePoints = options.report.empty() ? 0 : 40;
  if (!options.calibration.empty() || !options.statistics.empty())
    context.compensation = kCompensated;
  if (Error error = load())
    return fail(std::move(error));
  if (Error error = measure())
    return fail(std::move(error));
  if (Error error = options.sortRows ? sortRows() : Error::success())
    return fail(std::move(error));
  if (budget->unit == BudgetUnit::Milliseconds) {
    progress("timing kernels");
    if (Error error = times.measure(model->module()))
      return fail(std::move(error));
    context.timeOf = [this](mlir::Operation *op, int64_t rows,
                            const Format &format) {
      return times.timeOf(op, rows, format);
    };
  }
  if (budget->unit == BudgetUnit::Megabytes && !fitFile(budget->value))
    return false;
  options.allocationContext = &context;
  std::optional<OutputErrors> errors;
  bool measuresErrors = !options.report.empty() && !samples.empty();
  if (measuresErrors)
    errors.emplace(model->module(), samples.front(), options.threads,
                   diagnostics);
  context.afterQuantize = [&](mlir::ModuleOp quantized) {
    if (Error error = addUtilities())
      diagnostics << "warning: " << toString(std::move(error)) << "\n";
    if (!measuresErrors)
      return;
    progress("errors of layers");
    if (Error error = errors->measure(quantized, context.report))
      diagnostics << "warning: " << toString(std::move(error)) << "\n";
  };
  if (!compile(options, diagnostics))
    return false;
  uint64_t bytes = 0;
  if (budget->unit == BudgetUnit::Megabytes &&
      options.emit == Emit::SharedLibrary &&
      !sys::fs::file_size(options.output, bytes) &&
      double(bytes) > budget->value * 1e6) {
    sys::fs::remove(options.output);
    return fail(createStringError(options.output + ": expected a file of " +
                                  options.budget + " at most, but it has " +
                                  Twine(bytes) + " bytes"));
  }
  progress("");
  summarize();
  return true;
}

/// Both sizes, and what each domain is worth.
void AutoCompiler::summarize() {
  const AllocationReport &report = context.report;
  double parameters = 0, weightBytes = 0;
  for (const AllocatedWeight &weight : report.weights) {
    if (weight.op != "linear")
      continue;
    parameters += double(weight.rows) * double(weight.cols);
    weightBytes += double(weight.bytes);
  }
  diagnostics << formatv("remark: linear layers {0:f4} bits a weight, without "
                         "heads {1:f4}",
                         parameters > 0 ? 8 * weightBytes / parameters : 0.0,
                         report.bodyBits);
  uint64_t bytes = 0;
  if (options.emit == Emit::SharedLibrary &&
      !sys::fs::file_size(options.output, bytes))
    diagnostics << formatv("; file {0:f3} MB", double(bytes) / 1e6);
  diagnostics << "; predicted loss " << format("%.4g", report.loss) << "\n";
  if (report.domains.empty())
    return;
  diagnostics << "remark: predicted loss by domain\n"
              << "  weight  samples       own  of the mix without it  changed "
                 "formats  domain\n";
  for (const DomainUtility &domain : report.domains)
    diagnostics << format("  %6g  %7lld  %8.3g  %21.3g  %15lld  ",
                          domain.weight, (long long)domain.samples, domain.loss,
                          domain.lossWithout, (long long)domain.changedWeights)
                << domain.name << "\n";
}

bool compileAuto(const CompileOptions &options, raw_ostream &diagnostics) {
  return AutoCompiler(options, diagnostics).run();
}

} // namespace mixbit
