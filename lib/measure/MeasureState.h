//===- MeasureState.h - What the measures share -----------------*- C++ -*-===//
#pragma once

#include "lib/measure/Dense.h"
#include "lib/measure/Measure.h"

#include "dialects/mixbit/Mixbit.h"
#include "lib/support/MixBits.h"

namespace mixbit {

/// One linear that reads a measured weight.
struct LayerUse {
  std::string mark; ///< what `mark-layers` called it
  size_t weight;    ///< index into the result's weights
};

/// What a run of the gradients gave for one batch.
struct BatchGradients {
  Batch batch;
  std::vector<Tensor> inputs; ///< the model's
  Tensor targets;
  Tensor logits;
  std::vector<Tensor> x, dy;      ///< one a use
  std::vector<Tensor> ids, dRows; ///< one a lookup
};

/// A compiled form of the function. Arguments: the model's inputs, then the
/// targets (but for Perturbed), then a change a use (but for Gradients).
/// Parameterized takes the weights before the targets, and the points' targets
/// and pulls behind them.
enum class Form { Gradients, Hessian, Perturbed, Parameterized };

struct SensitivityMeter::State {
  State(mlir::func::FuncOp func, const SampleSet &samples,
        MeasureOptions options, llvm::raw_ostream &diagnostics);

  llvm::Error prepare();
  void show(const llvm::Twine &text) {
    if (options.progress)
      options.progress(text.str());
  }

  /// Compiles a form at its first use.
  llvm::Expected<GraphLibrary *> library(Form form);
  llvm::Expected<std::vector<Tensor>>
  run(Form form, llvm::ArrayRef<const Tensor *> inputs);
  /// Position of a result of a form, by its name.
  size_t resultIndex(Form form, llvm::StringRef name) const;

  /// A constant's values by its name.
  llvm::Expected<Tensor> constantValues(llvm::StringRef name);

  /// All samples, or `most` of them, spread evenly.
  std::vector<int64_t> chooseSamples(int64_t most) const;
  /// The shape that the logits have for these inputs.
  llvm::Expected<std::vector<int64_t>>
  logitsShape(llvm::ArrayRef<Tensor> inputs);
  /// Extents over the function's symbols, for these inputs.
  llvm::Expected<std::vector<int64_t>>
  shapeOf(llvm::ArrayRef<mlir::AffineExpr> extents,
          llvm::ArrayRef<Tensor> inputs);
  /// Zeros of that shape.
  llvm::Expected<Tensor> noTargets(llvm::ArrayRef<Tensor> inputs);
  /// One-hot rows of the labels; rows of other samples, of negative labels and
  /// of padding are zero.
  llvm::Expected<Tensor> labelTargets(const Batch &batch,
                                      std::vector<int64_t> shape) const;
  /// The softmax of the logits, or with `draw` a class drawn from it.
  Tensor ownTargets(const Batch &batch, const Tensor &logits,
                    std::optional<int64_t> draw) const;
  bool isLeftOut(const Batch &batch, int64_t row, int64_t rowsPerSample) const;

  llvm::Expected<BatchGradients> gradients(const Batch &batch,
                                           const Tensor &targets);
  /// With the targets of the loss.
  llvm::Expected<BatchGradients> gradients(const Batch &batch);
  /// The logits alone.
  llvm::Expected<Tensor> logits(llvm::ArrayRef<Tensor> inputs);

  /// [rows, n] for a use's output in a batch.
  Tensor zerosAtOutput(size_t use, const Tensor &x) const;
  int64_t rowsPerSample(const Tensor &x, const Batch &batch) const {
    return x.numElements() / x.shape.back() / batch.size;
  }
  WeightSensitivity &weightOf(size_t use) {
    return result.weights[uses[use].weight];
  }
  /// Means over the rows of each group.
  std::vector<double> byGroups(const WeightSensitivity &weight,
                               llvm::ArrayRef<double> rowSums) const;

  /// H v at the rows [begin, end) of weight `index`, a mean over the samples
  /// of `cached`.
  llvm::Error hessianTimes(size_t index, int64_t begin, int64_t end,
                           llvm::ArrayRef<float> vector,
                           llvm::MutableArrayRef<float> product);
  /// Fails if only tables are measured.
  llvm::Error expectLinears() const;
  /// Runs the gradients of these samples, unless they were the last ones.
  llvm::Error cache(llvm::ArrayRef<int64_t> chosen);

  mlir::func::FuncOp func;
  const SampleSet &samples;
  MeasureOptions options;
  llvm::raw_ostream &diagnostics;
  std::optional<Batcher> batcher;
  Sensitivities result;
  std::vector<LayerUse> uses;
  /// Lookups of tables, whose weights follow those of linears.
  std::vector<LayerUse> lookups;
  size_t numLinears = 0; ///< weights that are no tables
  /// The weights' values, as the graph holds them.
  std::vector<std::vector<float>> weights;
  SymbolicShape logitsExtents;
  std::map<Form, GraphLibrary> libraries;
  std::map<Form, std::map<std::string, size_t>> results;
  /// Names of a form's arguments behind the model's inputs.
  std::map<Form, std::vector<std::string>> arguments;
  /// Of the points of Form::Parameterized.
  std::vector<SymbolicShape> pointExtents;
  std::vector<int64_t> cachedSamples;
  std::vector<BatchGradients> cached;
};

/// The sum over rows of KL(targets || softmax of logits), a row of targets
/// scaled to sum to one and counting as its sum.
double divergenceOf(const Tensor &logits, const Tensor &targets);

/// That a model's output is not finite.
llvm::Error notFinite(float value);

} // namespace mixbit
