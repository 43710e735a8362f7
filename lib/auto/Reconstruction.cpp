//===- Reconstruction.cpp - compile with weights improved by gradient -----===//
#include "lib/auto/Reconstruction.h"

#include "dialects/mixbit/SymbolicShapes.h"
#include "lib/auto/CompileAuto.h"
#include "lib/calibrate/CalibrationData.h"
#include "lib/compiler/Calibrate.h"
#include "lib/measure/Reconstruct.h"
#include "lib/support/Npy.h"
#include "passes/quantize/Weights.h"

#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace mixbit {

/// The samples of all domains one after the other, with the weights of
/// each and those that are held out.
static Expected<SampleSet> takeDomains(mlir::func::FuncOp func,
                                       ArrayRef<std::string> entries,
                                       ReconstructOptions &options) {
  auto files = parseCalibrations(entries);
  if (!files)
    return files.takeError();
  SampleSet all;
  for (const CalibrationFile &file : *files) {
    auto arrays = readNpz(file.path);
    if (!arrays)
      return arrays.takeError();
    auto set = SampleSet::take(func, *arrays, "", file.path);
    if (!set)
      return set.takeError();
    // As calibration has held them out.
    for (int64_t sample = 0; sample != set->count; ++sample)
      if (isHeldOut(sample))
        options.heldOut.push_back(all.count + sample);
    options.sampleWeights.insert(options.sampleWeights.end(), set->count,
                                 file.weight / double(set->count));
    if (all.inputs.empty()) {
      all = std::move(*set);
      continue;
    }
    all.count += set->count;
    for (auto [into, from] : zip_equal(all.inputs, set->inputs)) {
      if (ArrayRef(into.shape).drop_front() !=
          ArrayRef(from.shape).drop_front())
        return createStringError(
            file.path +
            ": expected samples of the shape that those of the "
            "first file have, " +
            shapeText(into.shape) + ", but got " + shapeText(from.shape));
      into.shape[0] += from.shape[0];
      llvm::append_range(into.data, from.data);
    }
  }
  return std::move(all);
}

/// The function as it computes in floats, with the names of the weights that
/// have been rounded.
static mlir::func::FuncOp floatFunction(mlir::func::FuncOp func,
                                        mlir::ModuleOp into) {
  mlir::OpBuilder builder = mlir::OpBuilder::atBlockEnd(into.getBody());
  auto copy = cast<mlir::func::FuncOp>(builder.clone(*func));
  copy.walk([](mlir::Operation *op) {
    for (StringRef name : {"format", "activations", "sensitivity", "products"})
      op->removeAttr(name);
  });
  return copy;
}

static Expected<bool> improve(mlir::ModuleOp module, CalibrationResult &rounded,
                              const CompileOptions &options, int64_t epochs,
                              raw_ostream &diagnostics) {
  auto functions = module.getOps<mlir::func::FuncOp>();
  if (!llvm::hasSingleElement(functions))
    return createStringError(
        "expected one model, but got " +
        Twine(std::distance(functions.begin(), functions.end())));
  mlir::OwningOpRef<mlir::ModuleOp> floats =
      mlir::ModuleOp::create(module.getLoc());
  mlir::func::FuncOp func = floatFunction(*functions.begin(), *floats);
  ReconstructOptions reconstructing;
  reconstructing.epochs = epochs;
  auto samples = takeDomains(func, options.calibration, reconstructing);
  if (!samples)
    return samples.takeError();
  MeasureOptions measuring;
  measuring.threads = options.threads;
  measuring.progress = options.progress;
  std::vector<WeightToReconstruct> weights;
  for (auto &[key, segments] : rounded.weights) {
    std::string name = nodeName(key.first->getLoc(), "weight");
    weights.push_back({name, segments});
    measuring.layers.push_back(name);
  }
  auto meter = SensitivityMeter::create(func, *samples, measuring, diagnostics);
  if (!meter)
    return meter.takeError();
  auto report = reconstruct(**meter, weights, reconstructing);
  if (!report)
    return report.takeError();
  if (options.progress)
    options.progress("");
  diagnostics << formatv(
      "remark: reconstruction: {0} epochs, {1}; held-out loss {2:f4}, before "
      "{3:f4}; divergence {4:f4}, before {5:f4}\n",
      report->epochs,
      report->kept ? "kept the " + std::to_string(report->kept) + "."
                   : std::string("kept none"),
      report->after, report->before, report->divergenceAfter,
      report->divergenceBefore);
  return report->kept > 0;
}

bool compileReconstructed(const CompileOptions &given, int64_t epochs,
                          raw_ostream &diagnostics) {
  CompileOptions options = given;
  RoundingImprovement improvement = [&](mlir::ModuleOp module,
                                        CalibrationResult &rounded) {
    return improve(module, rounded, options, epochs, diagnostics);
  };
  options.improvement = &improvement;
  return options.weights == "auto" ? compileAuto(options, diagnostics)
                                   : compile(options, diagnostics);
}

} // namespace mixbit
