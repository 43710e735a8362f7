//===- Pipeline.cpp - The quantize stage ----------------------------------===//
#include "passes/quantize/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace mixbit {
#define GEN_PASS_REGISTRATION
#include "passes/quantize/Passes.h.inc"

void buildFormatPipeline(mlir::OpPassManager &manager,
                         const AssignFormatsOptions &options) {
  manager.addPass(createAssignFormats(options));
}

void buildRoundingPipeline(mlir::OpPassManager &manager,
                           RoundedWeights *rounded) {
  manager.addPass(rounded ? createQuantizeWeights(*rounded)
                          : createQuantizeWeights());
  manager.addPass(createVerifyQuantized());
}

void buildQuantizePipeline(mlir::OpPassManager &manager,
                           const AssignFormatsOptions &options) {
  buildFormatPipeline(manager, options);
  buildRoundingPipeline(manager);
}

namespace {
/// The pass's options under their own names; what they mean and default to
/// stands in Passes.td.
struct QuantizeOptions : mlir::PassPipelineOptions<QuantizeOptions> {
  AssignFormatsOptions defaults;
  Option<std::string> weights{*this, "weights",
                              llvm::cl::desc("As of assign-formats"),
                              llvm::cl::init(defaults.weights)};
  Option<std::string> group{*this, "group",
                            llvm::cl::desc("As of assign-formats"),
                            llvm::cl::init(defaults.group)};
  Option<std::string> activations{*this, "activations",
                                  llvm::cl::desc("As of assign-formats"),
                                  llvm::cl::init(defaults.activations)};
  ListOption<std::string> keep{*this, "keep",
                               llvm::cl::desc("As of assign-formats")};
};
} // namespace

void registerQuantizePasses() {
  registerMixbitQuantizePasses();
  mlir::PassPipelineRegistration<QuantizeOptions>(
      "mixbit-quantize", "Choose formats and round weights",
      [](mlir::OpPassManager &manager, const QuantizeOptions &given) {
        AssignFormatsOptions options;
        options.weights = given.weights;
        options.group = given.group;
        options.activations = given.activations;
        for (const std::string &entry : given.keep)
          options.keep.push_back(entry);
        buildQuantizePipeline(manager, options);
      });
}
} // namespace mixbit
