//===- Pipeline.cpp - The quantize stage ----------------------------------===//
#include "passes/quantize/Allocation.h"
#include "passes/quantize/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace mixbit {
#define GEN_PASS_REGISTRATION
#include "passes/quantize/Passes.h.inc"

void buildFormatPipeline(mlir::OpPassManager &manager,
                         const AssignFormatsOptions &options,
                         const AllocateFormatsOptions &allocate,
                         AllocationContext *context) {
  if (context && !context->rowOrders.rows.empty())
    manager.addPass(createSortRows(context->rowOrders));
  manager.addPass(createAssignFormats(options));
  manager.addPass(createDetectGrids());
  manager.addPass(createRecoverQuantizers());
  if (options.weights == "auto")
    manager.addPass(createAllocateFormats(allocate, context));
}

void buildRoundingPipeline(mlir::OpPassManager &manager,
                           RoundedWeights *rounded) {
  manager.addPass(rounded ? createQuantizeWeights(*rounded)
                          : createQuantizeWeights());
  manager.addPass(createVerifyQuantized());
}

void buildQuantizePipeline(mlir::OpPassManager &manager,
                           const AssignFormatsOptions &options,
                           const AllocateFormatsOptions &allocate,
                           AllocationContext *context) {
  buildFormatPipeline(manager, options, allocate, context);
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
  Option<std::string> scale{*this, "scale",
                            llvm::cl::desc("As of assign-formats"),
                            llvm::cl::init(defaults.scale)};
  Option<std::string> activations{*this, "activations",
                                  llvm::cl::desc("As of assign-formats"),
                                  llvm::cl::init(defaults.activations)};
  Option<std::string> attention{*this, "attention",
                                llvm::cl::desc("As of assign-formats"),
                                llvm::cl::init(defaults.attention)};
  AllocateFormatsOptions allocateDefaults;
  Option<std::string> budget{*this, "budget",
                             llvm::cl::desc("As of allocate-formats")};
  Option<std::string> allocation{*this, "allocation",
                                 llvm::cl::desc("As of allocate-formats"),
                                 llvm::cl::init(allocateDefaults.policyOption)};
  Option<std::string> metric{*this, "metric",
                             llvm::cl::desc("As of allocate-formats"),
                             llvm::cl::init(allocateDefaults.metric)};
  Option<std::string> segments{*this, "segments",
                               llvm::cl::desc("As of allocate-formats"),
                               llvm::cl::init(allocateDefaults.segmentsOption)};
  Option<std::string> sensitivity{*this, "sensitivity",
                                  llvm::cl::desc("As of allocate-formats")};
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
        options.scale = given.scale;
        options.activations = given.activations;
        options.attention = given.attention;
        for (const std::string &entry : given.keep)
          options.keep.push_back(entry);
        AllocateFormatsOptions allocate;
        allocate.budget = given.budget;
        allocate.policyOption = given.allocation;
        allocate.metric = given.metric;
        allocate.sensitivityFile = given.sensitivity;
        allocate.segmentsOption = given.segments;
        buildQuantizePipeline(manager, options, allocate);
      });
}
} // namespace mixbit
