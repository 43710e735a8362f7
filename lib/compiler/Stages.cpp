//===- Stages.cpp - The stages of one compilation -------------------------===//
#include "lib/compiler/Stages.h"

#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "dialects/onnx/Onnx.h"
#include "lib/import/Import.h"
#include "lib/target/WeightsObject.h"
#include "passes/codegen/Codegen.h"
#include "passes/codegen/Passes.h"
#include "passes/kernelize/Passes.h"
#include "passes/quantize/Allocation.h"
#include "passes/quantize/Passes.h"
#include "passes/simplify/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace mixbit {
static DialectRegistry allDialects() {
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  registry.insert<MixbitDialect, onnx::OnnxDialect>();
  return registry;
}

Compilation::Compilation(const CompileOptions &options,
                         llvm::raw_ostream &diagnostics)
    : options(options), diagnostics(diagnostics),
      ownContext(std::make_unique<MLIRContext>(
          allDialects(), options.threads == 1
                             ? MLIRContext::Threading::DISABLED
                             : MLIRContext::Threading::ENABLED)),
      context(ownContext.get()) {
  registerHandler();
}

Compilation::Compilation(ModuleOp graph, const CompileOptions &options,
                         llvm::raw_ostream &diagnostics)
    : options(options), diagnostics(diagnostics), context(graph.getContext()) {
  context->appendDialectRegistry(allDialects());
  registerHandler();
  module = graph.clone();
  (*module)->setAttr(kKeepDataAttr, UnitAttr::get(context));
}

void Compilation::registerHandler() {
  context->printOpOnDiagnostic(false);
  handler = context->getDiagEngine().registerHandler(
      [this](Diagnostic &diagnostic) -> LogicalResult {
        bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
        if (isError || this->options.verbose)
          printDiagnostic(diagnostic, this->diagnostics);
        return success();
      });
}

Compilation::~Compilation() { context->getDiagEngine().eraseHandler(handler); }

void Compilation::progress(StringRef stage) {
  if (options.progress)
    options.progress(stage.str());
}

void Compilation::report(llvm::Error error, StringRef file) {
  std::string text = llvm::toString(std::move(error));
  // Errors of files name them already.
  StringRef reason = text;
  if (reason.consume_front(file))
    reason.consume_front(": ");
  diagnostics << file << ": error: " << reason << "\n";
}

bool Compilation::resolveTargets() {
  auto resolved = mixbit::resolveTargets(options.target);
  if (!resolved) {
    report(resolved.takeError(), "--target");
    return false;
  }
  chosen.assign(resolved->begin(), resolved->end());
  return true;
}

bool Compilation::runPasses(StringRef stage,
                            function_ref<void(OpPassManager &)> build,
                            ModuleOp onModule) {
  PassManager manager(context);
  manager.enableVerifier(true);
  if (options.timePasses)
    manager.enableTiming();
  build(manager);
  return succeeded(manager.run(onModule));
}

bool Compilation::import() {
  progress("import");
  llvm::StringMap<std::string> names;
  for (const std::string &path : options.models) {
    FailureOr<OwningOpRef<ModuleOp>> imported = importOnnx(path, context);
    if (failed(imported))
      return false;
    if (!module) {
      module = std::move(*imported);
      for (auto func : module->getOps<func::FuncOp>())
        names[func.getSymName()] = path;
      continue;
    }
    for (auto func :
         llvm::make_early_inc_range((*imported)->getOps<func::FuncOp>())) {
      auto [known, isNew] = names.try_emplace(func.getSymName(), path);
      if (!isNew) {
        diagnostics << path << ": error: expected an entry point of its own, "
                    << "but '" << func.getSymName() << "' is that of "
                    << known->second << " too\n";
        return false;
      }
      func->moveBefore(module->getBody(), module->getBody()->end());
    }
  }
  return true;
}

Density Compilation::density() const {
  bool isGpu = !chosen.empty() && chosen.front()->isGpu();
  return isGpu || options.packing == "planes" ? Density::Planes
                                              : Density::Dense;
}

bool Compilation::simplify() {
  progress("simplify");
  return runPasses(
      "simplify",
      [&](OpPassManager &manager) {
        buildSimplifyPipeline(manager,
                              {options.exposeLayers, options.trimPadding});
      },
      *module);
}

/// Integer formats, one or several joined by '+', with zero points.
static std::string withZeroPoints(StringRef formats) {
  std::string result;
  for (StringRef part : llvm::split(formats, '+')) {
    if (!result.empty())
      result += '+';
    // "int4" and what follows: a group, rows.
    StringRef name =
        part.take_until([](char c) { return c == ':' || c == '@'; });
    result += name;
    if (name.starts_with("int") && !name.ends_with("z"))
      result += 'z';
    result += part.drop_front(name.size());
  }
  return result;
}

bool Compilation::quantize() {
  progress("quantize");
  AssignFormatsOptions quantize;
  quantize.weights = options.weights;
  if (options.asymmetric)
    quantize.weights = withZeroPoints(options.weights);
  if (options.groupRows >= 0 && options.groupColumns >= 0)
    quantize.group = std::to_string(options.groupRows) + "x" +
                     std::to_string(options.groupColumns);
  quantize.scale = options.scale;
  quantize.activations = options.activations;
  quantize.attention = options.attention;
  for (const auto &[pattern, format] : options.keep)
    quantize.keep.push_back(pattern + "=" + format);
  AllocationContext *context = options.allocationContext;
  AllocateFormatsOptions allocate;
  allocate.budget = options.budget;
  allocate.policyOption = options.allocation;
  allocate.metric = options.metric;
  allocate.sensitivityFile = options.sensitivity;
  allocate.segmentsOption = options.segments;
  if (context) {
    context->density = density();
    allocate.overhead = context->overhead;
    allocate.curvePoints = context->curvePoints;
  }
  if (!runPasses(
          "quantize",
          [&](OpPassManager &manager) {
            buildFormatPipeline(manager, quantize, allocate, context);
          },
          *module))
    return false;
  CalibrationResult calibrated;
  if (context && context->sizeOnly)
    calibrated.weights = makePlaceholderWeights(*module);
  else if (context && context->roundWeights) {
    auto rounded = context->roundWeights(*module);
    if (!rounded) {
      report(rounded.takeError(), "--statistics");
      return false;
    }
    calibrated.weights = std::move(*rounded);
  } else if (!options.calibration.empty() && !calibrate(calibrated))
    return false;
  if (!runPasses(
          "quantize",
          [&](OpPassManager &manager) {
            buildRoundingPipeline(manager, &calibrated.weights);
          },
          *module))
    return false;
  description = describeGraph(*module, density());
  if (context && context->afterQuantize && !context->sizeOnly)
    context->afterQuantize(*module);
  return true;
}

bool Compilation::calibrate(CalibrationResult &result) {
  auto data = CalibrationData::load(options.calibration);
  if (!data) {
    report(data.takeError(), "--calibration");
    return false;
  }
  CalibrateOptions calibrateOptions;
  calibrateOptions.threads = options.threads;
  calibrateOptions.holdsOut = options.improvement;
  calibrateOptions.variedCopies = options.variedCopies;
  bool isStatic = StringRef(options.activations).ends_with("-static");
  StringRef smooth = options.smooth;
  double alpha = 0;
  if (smooth == "auto" || (smooth.empty() && isStatic)) {
    calibrateOptions.smoothing = {0.35, 0.5, 0.65, 0.8};
  } else if (!smooth.empty() && smooth != "off") {
    if (smooth.getAsDouble(alpha) || !(alpha > 0 && alpha < 1)) {
      diagnostics << "--smooth: error: expected auto, off or an exponent "
                     "between 0 and 1, but got '"
                  << smooth << "'\n";
      return false;
    }
    calibrateOptions.smoothing = {alpha};
  }
  calibrateOptions.progress = [&](int64_t done, int64_t all) {
    progress(("calibrate " + Twine(done) + "/" + Twine(all)).str());
  };
  auto rounded =
      roundOnCalibration(*module, *data, calibrateOptions, diagnostics);
  if (!rounded) {
    report(rounded.takeError(), "--calibration");
    return false;
  }
  result = std::move(*rounded);
  if (options.improvement) {
    auto isBetter = (*options.improvement)(*module, result);
    if (isBetter && !*isBetter) {
      calibrateOptions.holdsOut = false;
      rounded =
          roundOnCalibration(*module, *data, calibrateOptions, diagnostics);
      if (rounded)
        result = std::move(*rounded);
    }
    if (!isBetter || !rounded) {
      report(isBetter ? rounded.takeError() : isBetter.takeError(),
             "--reconstruct");
      return false;
    }
  }
  applyActivations(result);
  if (options.verbose)
    for (auto &[input, smoothing] : result.smoothing)
      diagnostics << llvm::formatv(
          "remark: {0}: smoothed with alpha {1}, output error {2:e2} of its "
          "square instead of {3:e2}\n",
          nodeName(input.getLoc(), "input"), smoothing.alpha, smoothing.error,
          smoothing.plainError);
  if (options.verbose)
    for (const LayerRounding &layer : result.layers)
      diagnostics << llvm::formatv(
          "remark: {0}: output error {1:e2} of its square, to nearest {2:e2}\n",
          layer.name, layer.error, layer.nearestError);
  return true;
}

bool Compilation::kernelize() {
  progress("kernelize");
  FormKernelsOptions forming;
  forming.planes = density() == Density::Planes;
  if (!runPasses(
          "kernelize",
          [&](OpPassManager &manager) {
            buildKernelizePipeline(manager, forming);
          },
          *module))
    return false;
  describeKernels(*module, chosen, description);
  return true;
}

/// Whether codegen has a lowering of this operation for the target: on GPUs,
/// that of contractions.
static bool isServed(Operation &op, const Target &target) {
  auto kernel = dyn_cast<KernelOp>(op);
  return kernel &&
         (!target.isGpu() || isa<ContractOp>(kernel.getBody().front().front()));
}

bool Compilation::translate(
    const Target *target,
    function_ref<bool(llvm::Module &, const Target &)> use) {
  // Weights stay where they are: kernels do not need their data.
  OpBuilder builder(context);
  OwningOpRef<ModuleOp> part = ModuleOp::create(module->getLoc());
  builder.setInsertionPointToEnd(part->getBody());
  for (Operation &op : *module->getBody())
    if (!target || isServed(op, *target))
      builder.clone(op);
  const Target &machine = target ? *target : *chosen.front();
  bool done;
  if (target) {
    (*part)->setAttr("mixbit.target", TargetAttr::get(context, target->name));
    done = runPasses(
        "codegen",
        [&](OpPassManager &manager) {
          buildCodegenPipeline(manager, options.strict);
        },
        *part);
  } else {
    LowerPlanOptions planOptions;
    for (const Target *variant : chosen)
      planOptions.targets.push_back(variant->name.str());
    done = runPasses(
        "plan",
        [&](OpPassManager &manager) {
          manager.addPass(createLowerPlan(planOptions));
        },
        *part);
  }
  if (!done)
    return false;
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> translated =
      translateKernels(*part, machine, llvmContext);
  return translated && use(*translated, machine);
}

bool Compilation::printLlvm(llvm::raw_ostream &os) {
  progress("codegen");
  auto print = [&](llvm::Module &code, const Target &) {
    code.print(os, nullptr);
    return true;
  };
  if (!translate(nullptr, print))
    return false;
  for (const Target *target : chosen)
    if (!translate(target, print))
      return false;
  return true;
}

bool Compilation::generate(CodeFileType kind, std::vector<CodeUnit> &units) {
  progress("codegen");
  auto emit = [&](StringRef name) {
    return [&, name](llvm::Module &code, const Target &target) {
      llvm::Error error = optimizeModule(code, target);
      units.push_back({name.str(), {}});
      if (!error)
        error = emitCode(code, target, kind, units.back().code);
      if (!error)
        return true;
      report(std::move(error), options.models.front());
      return false;
    };
  };
  if (!translate(nullptr, emit("host")))
    return false;
  for (const Target *target : chosen)
    if (!translate(target, emit(target->name)))
      return false;
  return true;
}

bool Compilation::generatePtx(llvm::raw_ostream &os) {
  progress("codegen");
  for (const Target *target : chosen) {
    if (!target->isGpu()) {
      diagnostics << options.models.front()
                  << ": error: expected GPU targets (sm_80, sm_90) for PTX, "
                     "but got '"
                  << target->name << "'\n";
      return false;
    }
    bool done = translate(target, [&](llvm::Module &code, const Target &) {
      SmallVector<char, 0> text;
      llvm::Error error = optimizeModule(code, *target);
      if (!error)
        error = emitCode(code, *target, CodeFileType::Assembly, text);
      if (error) {
        report(std::move(error), options.models.front());
        return false;
      }
      os.write(text.data(), text.size());
      return true;
    });
    if (!done)
      return false;
  }
  return true;
}

bool Compilation::writeWeights(StringRef path) {
  progress("weights");
  llvm::Expected<Architecture> architecture = architectureOf(*chosen.front());
  if (!architecture) {
    report(architecture.takeError(), options.models.front());
    return false;
  }
  auto object = WeightsObject::create(path, *architecture);
  if (!object) {
    report(object.takeError(), path);
    return false;
  }
  for (auto weight : module->getOps<WeightOp>()) {
    std::vector<uint8_t> storage;
    std::optional<ArrayRef<uint8_t>> bytes =
        constantBytes(weight.getData(), storage);
    if (!bytes)
      continue; // plan-weights has refused such data
    llvm::Error error = (*object)->write(
        *weight.getOffset(),
        ArrayRef<char>((const char *)bytes->data(), bytes->size()));
    if (error) {
      report(std::move(error), path);
      return false;
    }
  }
  if (llvm::Error error = (*object)->finish()) {
    report(std::move(error), path);
    return false;
  }
  return true;
}

void Compilation::printModule(llvm::raw_ostream &os) {
  OpPrintingFlags flags;
  flags.elideLargeElementsAttrs(16);
  flags.elideLargeResourceString(16);
  flags.enableDebugInfo(false);
  module->print(os, flags);
  os << "\n";
}
} // namespace mixbit
