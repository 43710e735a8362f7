//===- RowOrder.cpp - Rows of like sensitivity together -------------------===//
#include "passes/quantize/RowOrder.h"

#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "lib/quant/Candidates.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

#include <cstring>
#include <numeric>

using namespace mlir;

namespace mixbit {

//===----------------------------------------------------------------------===//
// Which layers
//===----------------------------------------------------------------------===//

static arith::ConstantOp ownWeight(LinearOp op) {
  arith::ConstantOp constant = weightConstant(&op.getWeightMutable());
  return constant && constant->hasOneUse() ? constant : nullptr;
}

/// A constant of one element, which is the same for all outputs.
static bool isScalar(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() && type.getNumElements() == 1 &&
         matchPattern(value, m_Constant());
}

/// The layers behind `linear`; false if anything else reads its outputs.
static bool findConsumers(LinearOp linear, SmallVectorImpl<LinearOp> &layers) {
  llvm::SetVector<Value> reached;
  reached.insert(linear.getResult());
  for (size_t next = 0; next != reached.size(); ++next)
    for (Operation *user : reached[next].getUsers()) {
      if (auto layer = dyn_cast<LinearOp>(user)) {
        if (layer.getX() != reached[next] || !ownWeight(layer) ||
            layer.getWeight() == reached[next] ||
            layer.getBias() == reached[next])
          return false;
        layers.push_back(layer);
      } else if (isa<UnaryOp, BinaryOp, CastOp>(user)) {
        reached.insert(user->getResult(0));
      } else {
        return false;
      }
    }
  // What else the elementwise work reads is the same for all outputs.
  for (Value value : ArrayRef(reached.getArrayRef()).drop_front())
    for (Value operand : value.getDefiningOp()->getOperands())
      if (!reached.contains(operand) && !isScalar(operand))
        return false;
  return !layers.empty();
}

SmallVector<SortableLayer> findSortable(ModuleOp module) {
  SmallVector<SortableLayer> result;
  module.walk([&](LinearOp op) {
    SortableLayer layer{op, {}};
    arith::ConstantOp weight = ownWeight(op);
    bool hasBias = !op.getBias() || matchPattern(op.getBias(), m_Constant());
    if (weight && hasBias &&
        cast<RankedTensorType>(weight.getType()).getDimSize(0) >=
            2 * kPanelRows &&
        findConsumers(op, layer.consumers))
      result.push_back(std::move(layer));
  });
  return result;
}

//===----------------------------------------------------------------------===//
// Which order
//===----------------------------------------------------------------------===//

static std::string weightName(LinearOp op) {
  return nodeName(op.getWeight().getLoc(), "weight");
}

/// The sensitivities of a weight's rows; nothing to sort by if both are empty.
static void curvatureOf(LinearOp op, const Sensitivities *sensitivities,
                        StringRef metric, int64_t rows, Curvature &curvature) {
  if (!sensitivities) {
    SensitivityAttr attr = op.getSensitivityAttr();
    if (!attr || attr.getMetric() != metric || attr.getValues().size() < 2)
      return;
    curvature.rowValues = attr.getValues().asArrayRef();
    int64_t groups = curvature.rowValues.size();
    curvature.rowGroup = (rows + groups - 1) / groups;
    return;
  }
  const WeightSensitivity *measured = sensitivities->find(weightName(op));
  if (!measured || measured->rows != rows)
    return;
  if (metric == "fisher" && !measured->fisher.empty()) {
    curvature.each = measured->fisher;
    return;
  }
  auto found = measured->values.find(metric.str());
  if (found == measured->values.end() || found->second.size() < 2)
    return;
  curvature.rowValues = found->second;
  curvature.rowGroup = measured->rowGroup;
}

llvm::Expected<RowOrders> findRowOrders(ModuleOp module,
                                        const Sensitivities *sensitivities,
                                        StringRef metric) {
  RowOrders orders;
  llvm::StringMap<int> names;
  for (const WeightUsers &weight : collectWeights(module))
    ++names[nodeName(weight.constant->getLoc(), "weight")];
  for (SortableLayer &layer : findSortable(module)) {
    arith::ConstantOp constant = ownWeight(layer.linear);
    std::string name = weightName(layer.linear);
    auto isShared = [&](LinearOp op) { return names[weightName(op)] > 1; };
    std::vector<uint8_t> storage;
    FailureOr<FloatMatrix> matrix = floatMatrix(constant, storage);
    if (failed(matrix) || isShared(layer.linear) ||
        llvm::any_of(layer.consumers, isShared))
      continue;
    Curvature curvature;
    curvatureOf(layer.linear, sensitivities, metric, matrix->rows, curvature);
    if (curvature.each.empty() && curvature.rowValues.empty())
      continue;
    auto losses = predictedRowLosses(
        *matrix, Format::makeInt(3, 1, 0, FloatKind::F32), curvature);
    if (!losses)
      return llvm::createStringError(
          "weight '" + name + "': " + llvm::toString(losses.takeError()));
    std::vector<int64_t> order(matrix->rows);
    std::iota(order.begin(), order.end(), 0);
    llvm::sort(order, [&](int64_t a, int64_t b) {
      return std::pair(-(*losses)[a], a) < std::pair(-(*losses)[b], b);
    });
    for (LinearOp consumer : layer.consumers)
      orders.columns[weightName(consumer)] = order;
    orders.rows[name] = std::move(order);
  }
  return std::move(orders);
}

//===----------------------------------------------------------------------===//
// Reordering
//===----------------------------------------------------------------------===//

/// The constant with its rows (or, of a matrix, its columns) in another order;
/// null if its data is left out of the IR.
static Value reorder(arith::ConstantOp constant, ArrayRef<int64_t> order,
                     bool isColumns) {
  auto type = cast<RankedTensorType>(constant.getType());
  auto value = dyn_cast<ElementsAttr>(constant.getValue());
  std::vector<uint8_t> storage;
  auto bytes = value ? constantBytes(value, storage) : std::nullopt;
  size_t width = type.getElementType().getIntOrFloatBitWidth() / 8;
  size_t rows = isColumns ? type.getDimSize(0) : 1;
  size_t count = order.size();
  size_t unit = type.getNumElements() / (rows * count) * width;
  if (!bytes || bytes->size() != rows * count * unit)
    return {};
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(bytes->size(), 64);
  char *out = blob.getMutableData().data();
  for (size_t row = 0; row != rows; ++row)
    for (int64_t from : order) {
      std::memcpy(out, bytes->data() + (row * count + from) * unit, unit);
      out += unit;
    }
  OpBuilder builder(constant);
  return arith::ConstantOp::create(
      builder, constant.getLoc(),
      cast<TypedAttr>(Attribute(DenseResourceElementsAttr::get(
          type, nodeName(constant.getLoc(), "sorted"), std::move(blob)))));
}

/// The mean over each new group's rows.
static std::vector<double> reorderGroups(ArrayRef<double> values,
                                         int64_t rowGroup,
                                         ArrayRef<int64_t> order) {
  std::vector<double> sums(values.size(), 0);
  std::vector<int64_t> counts(values.size(), 0);
  for (auto [row, from] : llvm::enumerate(order)) {
    sums[row / rowGroup] += values[from / rowGroup];
    ++counts[row / rowGroup];
  }
  for (auto [sum, count] : llvm::zip(sums, counts))
    sum /= std::max<int64_t>(count, 1);
  return sums;
}

FailureOr<int64_t> applyRowOrders(ModuleOp module, const RowOrders &orders) {
  int64_t count = 0;
  auto replace = [](OpOperand &operand, ArrayRef<int64_t> order,
                    bool isColumns) -> LogicalResult {
    auto constant = operand.get().getDefiningOp<arith::ConstantOp>();
    Value reordered = reorder(constant, order, isColumns);
    if (!reordered)
      return constant.emitError()
             << "weight '" << nodeName(constant.getLoc(), "weight")
             << "': expected its data, but it is left out of the IR";
    operand.set(reordered);
    if (constant->use_empty())
      constant.erase();
    return success();
  };
  for (SortableLayer &layer : findSortable(module)) {
    auto found = orders.rows.find(weightName(layer.linear));
    if (found == orders.rows.end())
      continue;
    ArrayRef<int64_t> order = found->second;
    if (failed(replace(layer.linear.getWeightMutable(), order, false)))
      return failure();
    for (OpOperand &bias : layer.linear.getBiasMutable())
      if (failed(replace(bias, order, false)))
        return failure();
    for (LinearOp consumer : layer.consumers)
      if (failed(replace(consumer.getWeightMutable(), order, true)))
        return failure();
    ++count;
    SensitivityAttr attr = layer.linear.getSensitivityAttr();
    if (!attr || attr.getValues().size() < 2)
      continue;
    int64_t groups = attr.getValues().size();
    int64_t rowGroup = (int64_t(order.size()) + groups - 1) / groups;
    layer.linear.setSensitivityAttr(SensitivityAttr::get(
        module.getContext(), attr.getMetric(),
        DenseF64ArrayAttr::get(
            module.getContext(),
            reorderGroups(attr.getValues().asArrayRef(), rowGroup, order))));
  }
  return count;
}

void applyRowOrders(Sensitivities &sensitivities, const RowOrders &orders) {
  for (WeightSensitivity &weight : sensitivities.weights) {
    auto apply = [&](const std::vector<int64_t> &order, bool isColumns) {
      if (weight.fisher.empty())
        return;
      std::vector<float> old = weight.fisher;
      for (int64_t row = 0; row != weight.rows; ++row)
        for (int64_t col = 0; col != weight.cols; ++col)
          weight.fisher[row * weight.cols + col] =
              isColumns ? old[row * weight.cols + order[col]]
                        : old[order[row] * weight.cols + col];
    };
    if (auto found = orders.columns.find(weight.name);
        found != orders.columns.end())
      apply(found->second, true);
    auto found = orders.rows.find(weight.name);
    if (found == orders.rows.end())
      continue;
    apply(found->second, false);
    for (auto &[measure, values] : weight.values) {
      if (values.size() < 2)
        continue;
      if (StringRef(measure).starts_with("loss:"))
        values = {std::accumulate(values.begin(), values.end(), 0.0)};
      else
        values = reorderGroups(values, weight.rowGroup, found->second);
    }
  }
}

} // namespace mixbit
