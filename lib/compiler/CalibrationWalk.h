//===- CalibrationWalk.h - A network run layer by layer ---------*- C++ -*-===//
//
// What calibration shares between rounding weights, choosing codes of inputs
// and collecting statistics: the walk over a network cut in front of its layers
// (lib/calibrate/Segments.h).
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/FormatTypes.h"
#include "lib/calibrate/Gram.h"
#include "lib/calibrate/Segments.h"
#include "lib/compiler/Calibrate.h"
#include "lib/compiler/GraphLibrary.h"

namespace mixbit {

using TensorPtr = std::shared_ptr<const Tensor>;

/// The formats that a layer's weight waits for, if calibration rounds it.
std::optional<Segments> pendingFormats(mlir::Operation *op);
/// Whether the layer's static activations wait for their codes.
bool needsCodes(mlir::Operation *op);
/// The constant's values, in `storage` unless the constant holds them.
llvm::Expected<FloatMatrix> weightData(mlir::arith::ConstantOp constant,
                                       std::vector<uint8_t> &storage);
/// An error with the weight's name in front.
llvm::Error weightError(mlir::arith::ConstantOp constant, llvm::Error error);
LayerRounding describeRounding(mlir::Operation *op,
                               const SegmentedGptqResult &rounded);

/// One function's walk.
class CalibrationWalk {
public:
  CalibrationWalk(mlir::func::FuncOp func, const CalibrateOptions &options,
                  CalibrationResult &result, llvm::raw_ostream &diagnostics)
      : func(func), options(options), result(result), diagnostics(diagnostics) {
  }

  llvm::Error run(const CalibrationData &data);
  /// Looks at the inputs of all linears and rounds nothing.
  llvm::Error collect(const CalibrationData &data,
                      std::vector<InputStatistics> &statistics);

private:
  /// A value on both paths, a tensor a batch; the same ones while nothing has
  /// been rounded.
  struct Stored {
    std::vector<TensorPtr> exact, rounded;
  };

  llvm::Error cut(llvm::function_ref<bool(mlir::Operation *)> isLayer);
  llvm::Error load(const CalibrationData &data);
  std::vector<float> rowWeights(mlir::Value input, size_t batch) const;
  llvm::Error collectLevel(unsigned level,
                           std::vector<InputStatistics> &statistics);
  std::optional<size_t> findTrimmedInputs(llvm::SmallVectorImpl<bool> &trims);
  llvm::Error runSegment(unsigned level);
  llvm::Expected<std::vector<TensorPtr>>
  runPath(const GraphSegment &segment, llvm::ArrayRef<TensorPtr> weights,
          bool isRounded, size_t batch);
  llvm::Expected<llvm::SmallVector<TensorPtr>>
  weightsOf(const GraphSegment &segment, bool isRounded);
  llvm::Error roundTables();
  llvm::Error roundLevel(unsigned level);
  llvm::Expected<GramStatistics> gather(mlir::Value input);
  llvm::Error roundLayer(const SegmentLayer &layer,
                         const GramStatistics &statistics);
  void release(unsigned level);
  /// The constant as floats, and as it has been rounded.
  llvm::Expected<TensorPtr> weightTensor(mlir::arith::ConstantOp constant,
                                         bool isRounded);
  void findCodes(unsigned level);
  llvm::Error smooth(unsigned level);
  bool canSmooth(mlir::Value input) const;
  /// Columns times their scales, or divided by them, if `input` is smoothed.
  void scaleInput(mlir::Value input, llvm::MutableArrayRef<float> values,
                  bool divide) const;
  std::optional<LinearOp> quantizedReader(mlir::Value input) const;
  /// What the layers that read `input` make of it; false for floats.
  bool quantizeInput(mlir::Value input,
                     llvm::MutableArrayRef<float> values) const;
  void step() {
    if (options.progress)
      options.progress(done++, graph.segments.size());
  }

  mlir::func::FuncOp func;
  const CalibrateOptions &options;
  CalibrationResult &result;
  llvm::raw_ostream &diagnostics;

  SegmentedGraph graph;
  std::optional<GraphLibrary> library;
  std::vector<float> batchWeights;  ///< of each sample of a batch
  std::vector<bool> isVaried;       ///< whether a batch is of varied copies
  std::vector<size_t> batchDomains; ///< index of each batch's domain
  std::vector<double> sampleCounts; ///< of each domain, those used
  std::vector<std::string> batchPaths;
  llvm::DenseMap<mlir::Value, Stored> stored;
  llvm::DenseMap<mlir::Value, mlir::Value> masks;
  /// What each constant has been rounded to, as values; the first format of a
  /// shared one counts.
  llvm::DenseMap<mlir::Operation *, TensorPtr> roundedTensors;
  bool anyRounded = false;
  int64_t done = 0;
};
} // namespace mixbit
