//===- Segments.cpp - A network cut in front of its linear layers ---------===//
#include "lib/calibrate/Segments.h"

#include "dialects/mixbit/SymbolicShapes.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace mixbit {
namespace {

bool isConstant(Operation *op) {
  return isa_and_nonnull<arith::ConstantOp, QuantizedConstantOp>(op);
}

OpOperand &weightOf(Operation *op) {
  if (auto linear = dyn_cast<LinearOp>(op))
    return linear.getWeightMutable();
  return cast<EmbeddingOp>(op).getTableMutable();
}

class Cutter {
public:
  Cutter(func::FuncOp func, function_ref<bool(Operation *)> isLayer,
         ArrayRef<Value> wanted, SymbolicShapes shapes)
      : func(func), shapes(std::move(shapes)),
        wanted(wanted.begin(), wanted.end()) {
    for (Operation &op : func.getBody().front())
      if (isa<LinearOp, EmbeddingOp>(op) && isLayer(&op))
        layers.insert(&op);
  }

  SegmentedGraph run();

private:
  void findLevels();
  void findNeeded();
  unsigned levelOf(Value value) const {
    Operation *op = value.getDefiningOp();
    return op ? levels.lookup(op) : 0;
  }
  void collect(GraphSegment &segment, unsigned level);
  void build(GraphSegment &segment, unsigned level, ModuleOp module);
  Attribute dimsOf(Value value) {
    return AffineMapAttr::get(AffineMap::get(
        0, numSymbols(), shapes.find(value)->second, func.getContext()));
  }
  unsigned numSymbols() {
    auto symbols = func->getAttrOfType<ArrayAttr>(kSymbolsAttr);
    return symbols ? symbols.size() : 0;
  }

  func::FuncOp func;
  SymbolicShapes shapes;
  SmallVector<Value> wanted;
  llvm::SetVector<Operation *> layers;
  llvm::DenseMap<Operation *, unsigned> levels;
  llvm::DenseSet<Operation *> needed;
  unsigned last = 0; ///< level of the last value that is needed
};

void Cutter::findLevels() {
  for (Operation &op : func.getBody().front()) {
    unsigned level = 0;
    for (Value operand : op.getOperands())
      level = std::max(level, levelOf(operand));
    // Ids are no rows: a table is looked up where they are.
    if (layers.contains(&op) && isa<LinearOp>(op))
      ++level;
    levels[&op] = level;
  }
}

/// What the layers' inputs and the wanted values depend on.
void Cutter::findNeeded() {
  SmallVector<Value> work(wanted);
  for (Operation *op : layers)
    work.push_back(op->getOperand(isa<LinearOp>(op) ? 0 : 1));
  while (!work.empty()) {
    Operation *op = work.pop_back_val().getDefiningOp();
    if (!op || isConstant(op) || !needed.insert(op).second)
      continue;
    last = std::max(last, levels[op]);
    llvm::append_range(work, op->getOperands());
  }
}

void Cutter::collect(GraphSegment &segment, unsigned level) {
  llvm::SetVector<Value> inputs, rows, outputs;
  llvm::SetVector<Operation *> weights;
  for (Operation &op : func.getBody().front()) {
    if (!needed.contains(&op) || levels[&op] != level)
      continue;
    bool isLayer = layers.contains(&op);
    for (OpOperand &operand : op.getOpOperands()) {
      Value value = operand.get();
      if (isLayer && &operand == &weightOf(&op))
        weights.insert(value.getDefiningOp());
      else if (isLayer && isa<LinearOp>(op) && operand.getOperandNumber() == 0)
        rows.insert(value);
      else if (value.getDefiningOp() && !isConstant(value.getDefiningOp()) &&
               levelOf(value) < level)
        inputs.insert(value);
    }
    for (Value result : op.getResults()) {
      bool leaves = llvm::is_contained(wanted, result);
      for (Operation *user : result.getUsers())
        leaves |= (needed.contains(user) && levels[user] > level) ||
                  (layers.contains(user) && user->getOperand(0) == result &&
                   isa<LinearOp>(user));
      if (leaves)
        outputs.insert(result);
    }
  }
  segment.inputs.assign(inputs.begin(), inputs.end());
  segment.rows.assign(rows.begin(), rows.end());
  segment.outputs.assign(outputs.begin(), outputs.end());
  for (Operation *weight : weights)
    segment.weights.push_back(cast<arith::ConstantOp>(weight));
}

void Cutter::build(GraphSegment &segment, unsigned level, ModuleOp module) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  segment.name = (func.getSymName() + ".segment" + Twine(level)).str();
  SmallVector<Value> arguments(func.getArguments());
  llvm::append_range(arguments, segment.inputs);
  llvm::append_range(arguments, segment.rows);
  for (arith::ConstantOp weight : segment.weights)
    arguments.push_back(weight.getResult());
  auto typesOf = [](ArrayRef<Value> values) {
    return llvm::map_to_vector(values, [](Value v) { return v.getType(); });
  };
  auto part = func::FuncOp::create(
      builder, func.getLoc(), segment.name,
      builder.getFunctionType(typesOf(arguments), typesOf(segment.outputs)));
  if (Attribute symbols = func->getAttr(kSymbolsAttr))
    part->setAttr(kSymbolsAttr, symbols);
  for (auto [index, value] : llvm::enumerate(arguments)) {
    part.setArgAttr(index, kDimsAttr, dimsOf(value));
    part.setArgAttr(index, kNameAttr,
                    builder.getStringAttr("in" + Twine(index)));
  }
  for (size_t index = 0; index != segment.outputs.size(); ++index)
    part.setResultAttr(index, kNameAttr,
                       builder.getStringAttr("out" + Twine(index)));

  Block *block = part.addEntryBlock();
  builder.setInsertionPointToStart(block);
  IRMapping values, rows;
  unsigned position = 0;
  auto bind = [&](Value value, IRMapping &map) {
    map.map(value, block->getArgument(position++));
  };
  for (Value argument : func.getArguments())
    bind(argument, values);
  for (Value input : segment.inputs)
    bind(input, values);
  for (Value row : segment.rows)
    bind(row, rows);
  for (arith::ConstantOp weight : segment.weights)
    bind(weight.getResult(), rows);
  for (Operation &op : func.getBody().front()) {
    if (!needed.contains(&op) || levels[&op] != level)
      continue;
    bool isLayer = layers.contains(&op);
    for (Value operand : op.getOperands()) {
      Operation *source = operand.getDefiningOp();
      if (source && isConstant(source) && !values.contains(operand) &&
          !(isLayer && operand == weightOf(&op).get()))
        builder.clone(*source, values);
    }
    // A layer has its rows and weight for itself.
    IRMapping own(values);
    if (isLayer)
      for (OpOperand &operand : op.getOpOperands())
        if ((&operand == &weightOf(&op) ||
             (isa<LinearOp>(op) && operand.getOperandNumber() == 0)))
          own.map(operand.get(), rows.lookup(operand.get()));
    Operation *copy = builder.clone(op, own);
    if (auto attention = dyn_cast<AttentionOp>(copy))
      attention.removeProductsAttr(); // in floats
    if (isLayer) {
      copy->removeAttr("format");
      copy->removeAttr("activations");
      copy->removeAttr("sensitivity");
    }
    for (auto [from, to] : llvm::zip(op.getResults(), copy->getResults()))
      values.map(from, to);
  }
  func::ReturnOp::create(builder, func.getLoc(),
                         llvm::map_to_vector(segment.outputs, [&](Value value) {
                           return values.lookup(value);
                         }));
}

SegmentedGraph Cutter::run() {
  findLevels();
  findNeeded();
  SegmentedGraph graph;
  graph.module = ModuleOp::create(func.getLoc());
  graph.segments.resize(last + 1);
  for (unsigned level = 0; level <= last; ++level) {
    GraphSegment &segment = graph.segments[level];
    collect(segment, level);
    if (!segment.outputs.empty())
      build(segment, level, *graph.module);
  }
  for (Operation *op : layers)
    graph.layers.push_back(
        {op, weightOf(op).get().getDefiningOp<arith::ConstantOp>(),
         levels[op]});
  return graph;
}
} // namespace

FailureOr<SegmentedGraph> segmentGraph(func::FuncOp func,
                                       function_ref<bool(Operation *)> isLayer,
                                       ArrayRef<Value> wanted) {
  if (!func.getBody().hasOneBlock()) {
    func.emitError() << "expected a function of one block";
    return failure();
  }
  FailureOr<SymbolicShapes> shapes = inferSymbolicShapes(func);
  if (failed(shapes))
    return failure();
  return Cutter(func, isLayer, wanted, std::move(*shapes)).run();
}

llvm::DenseMap<Value, Value> findRowMasks(func::FuncOp func,
                                          ArrayRef<Value> layerInputs) {
  llvm::DenseMap<Value, Value> masks;
  FailureOr<SymbolicShapes> shapes = inferSymbolicShapes(func);
  if (failed(shapes))
    return masks;
  func.walk([&](AttentionOp attention) {
    if (!attention.getMask() || attention.getMaskKind() != MaskKind::Keep)
      return;
    ArrayRef<AffineExpr> rows = shapes->find(attention.getMask())->second;
    for (Value input : layerInputs)
      if (ArrayRef(shapes->find(input)->second).drop_back() == rows)
        masks.try_emplace(input, attention.getMask());
  });
  return masks;
}

} // namespace mixbit
