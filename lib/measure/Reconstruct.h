//===- Reconstruct.h - Rounded weights improved by gradient -----*- C++ -*-===//
//
// Rounding layer by layer (lib/quant/Gptq.h) knows no more than each layer's
// output. Here codes and scales of all layers follow the gradient of what the
// whole network is to do: compute on the calibration samples what it computes
// in floats. The loss of a sample is
//
//   sum over rows of logits of KL(softmax z_f || softmax z)
//     + match / (2 P) sum over P points of |h - h_f|^2 / mean |h_f|^2,
//
// z the logits, h the results of normalizations (both of all of the sample's
// rows but padding), f the network in floats. The first term is the end-to-end
// phase of EfficientQAT (Chen et al. 2024) and knowledge distillation (Hinton
// et al. 2015), the second reconstructs the output of every block (BRECQ, Li et
// al. 2021), without which a few hundred samples say too little. How codes and
// scales move is in lib/quant/LearnedRounding.h.
//
// The samples are few, and rounding with compensation has fitted them closely.
// So they are varied, anew in each epoch (lib/calibrate/VariedSamples.h): of
// each sample a random share of the ids becomes random rows of their table. The
// network in floats says what should come out.
//
// Activations are floats here. The held-out samples are never varied and must
// not have been rounded on; what is kept is what has the least loss on them,
// if that is smaller than at the start by more than two standard errors of the
// samples' paired differences.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/measure/Measure.h"
#include "lib/quant/LearnedRounding.h"

namespace mixbit {

/// A rounded weight of the measured function.
struct WeightToReconstruct {
  std::string name; ///< of its initializer
  /// One below the other; replaced by what is found.
  llvm::MutableArrayRef<QuantizedMatrix> segments;
};

struct ReconstructOptions {
  int64_t epochs = 10; ///< over the samples that are not held out, at most
  /// At the start; they fall to zero as a cosine over all epochs.
  /// Codes stay: where they followed the gradient of so few samples, the
  /// held-out loss rose at larger rates, and at 0.0002 they barely moved
  /// (docs/Quantization.md).
  LearningRates rates = {0, 0.0005};
  /// Samples that are held out of learning, to judge by: one at least, not all.
  std::vector<int64_t> heldOut;
  /// Weight of the points.
  double match = 1;
  /// Formats of more bits are left as they are.
  unsigned mostBits = 4;
  /// Of each sample in the loss, in proportion; empty for all equal.
  std::vector<double> sampleWeights;
  /// The most of a sample's ids that is replaced by random rows of their table.
  double variation = 1;
  uint64_t seed = 0;
  /// Ends after so many epochs without a smaller held-out loss.
  int64_t patience = 4;
};

struct Reconstruction {
  /// Mean loss of the held-out samples: at the start and as kept.
  double before = 0, after = 0;
  /// The divergence of the logits in it.
  double divergenceBefore = 0, divergenceAfter = 0;
  int64_t epochs = 0; ///< that were run
  int64_t kept = 0;   ///< the epoch kept; 0 is the start: nothing was changed
};

/// Improves `weights`: linears' scales, and codes, of at most `mostBits` bits;
/// other linears and tables of embeddings are taken as they are rounded, what
/// is not among `weights` in floats. The meter is one of the float function
/// with (at least) these layers, its samples those of options.heldOut and
/// others. Holds 4 floats a weight, the largest weight once more, and what the
/// network computes for a batch. An error says what does not fit; of
/// compiling, the reasons are on the meter's diagnostics.
llvm::Expected<Reconstruction>
reconstruct(SensitivityMeter &meter,
            llvm::MutableArrayRef<WeightToReconstruct> weights,
            const ReconstructOptions &options);

} // namespace mixbit
