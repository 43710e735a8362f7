//===- SortRows.cpp - Rows of like sensitivity together -------------------===//
#include "passes/quantize/Passes.h"
#include "passes/quantize/RowOrder.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_SORTROWS
#include "passes/quantize/Passes.h.inc"

namespace {
struct SortRows : impl::SortRowsBase<SortRows> {
  using SortRowsBase::SortRowsBase;
  explicit SortRows(const RowOrders &orders) : given(&orders) {}

  void runOnOperation() override {
    RowOrders own;
    if (!given) {
      auto found = findRowOrders(getOperation(), nullptr, metric);
      if (!found) {
        emitError(getOperation().getLoc()) << llvm::toString(found.takeError());
        return signalPassFailure();
      }
      own = std::move(*found);
    }
    FailureOr<int64_t> count =
        applyRowOrders(getOperation(), given ? *given : own);
    if (failed(count))
      return signalPassFailure();
    sorted += *count;
  }

private:
  const RowOrders *given = nullptr;
};
} // namespace

std::unique_ptr<Pass> createSortRows(const RowOrders &orders) {
  return std::make_unique<SortRows>(orders);
}
} // namespace mixbit
