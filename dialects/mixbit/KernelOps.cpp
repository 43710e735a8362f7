//===- KernelOps.cpp - Verifiers of the tile operations -------------------===//
#include "dialects/mixbit/Mixbit.h"

using namespace mlir;

namespace mixbit {
LogicalResult ContractOp::verify() { return success(); }
LogicalResult RowsOp::verify() { return success(); }
LogicalResult RowReduceOp::verify() { return success(); }
LogicalResult TableLoadOp::verify() { return success(); }
LogicalResult AttentionCoreOp::verify() { return success(); }
LogicalResult DotOp::verify() { return success(); }
} // namespace mixbit
