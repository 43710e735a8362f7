//===- LowerPlan.cpp - Plans to the host's functions and tables -----------===//
//
// Each mixbit.plan becomes two functions, PLAN.shapes and PLAN.run, and a row
// of the table of entries; the module gets `mixbit_library` (runtime/abi.h).
// Kernels and weights are only referred to: their code and bytes are in other
// objects of the library.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/MemoryTypes.h"
#include "dialects/mixbit/SymbolicMath.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "passes/codegen/Codegen.h"
#include "passes/codegen/HostTables.h"
#include "passes/codegen/KernelBuilder.h"
#include "passes/codegen/LaunchCosts.h"
#include "passes/codegen/Passes.h"
#include "runtime/abi.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_LOWERPLAN
#include "passes/codegen/Passes.h.inc"

namespace {
/// Integer arithmetic on 64-bit values of the llvm dialect.
class Arithmetic {
public:
  Arithmetic(OpBuilder &builder, Location loc, ArrayRef<Value> symbols)
      : builder(builder), loc(loc), symbols(symbols) {}

  Value constant(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                    builder.getI64IntegerAttr(value));
  }
  Value add(Value lhs, Value rhs) {
    return LLVM::AddOp::create(builder, loc, lhs, rhs);
  }
  Value mul(Value lhs, Value rhs) {
    return LLVM::MulOp::create(builder, loc, lhs, rhs);
  }
  /// Remainder with the sign of the divisor, which is positive.
  Value mod(Value lhs, Value rhs) {
    Value remainder = LLVM::SRemOp::create(builder, loc, lhs, rhs);
    Value shifted = add(remainder, rhs);
    return LLVM::SRemOp::create(builder, loc, shifted, rhs);
  }
  Value floorDiv(Value lhs, Value rhs) {
    Value whole = LLVM::SubOp::create(builder, loc, lhs, mod(lhs, rhs));
    return LLVM::SDivOp::create(builder, loc, whole, rhs);
  }

  Value emit(AffineExpr expr) {
    if (auto constantExpr = dyn_cast<AffineConstantExpr>(expr))
      return constant(constantExpr.getValue());
    if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
      return symbols[symbol.getPosition()];
    auto binary = cast<AffineBinaryOpExpr>(expr);
    Value lhs = emit(binary.getLHS()), rhs = emit(binary.getRHS());
    switch (expr.getKind()) {
    case AffineExprKind::Add:
      return add(lhs, rhs);
    case AffineExprKind::Mul:
      return mul(lhs, rhs);
    case AffineExprKind::Mod:
      return mod(lhs, rhs);
    case AffineExprKind::CeilDiv:
      return floorDiv(add(lhs, add(rhs, constant(-1))), rhs);
    default:
      return floorDiv(lhs, rhs);
    }
  }

private:
  OpBuilder &builder;
  Location loc;
  ArrayRef<Value> symbols;
};

/// mixbit_type of an element type; 0 if there is none.
int32_t typeCode(Type type) {
  std::optional<mixbit_type> code = memoryTypeOf(type);
  return code ? *code : 0;
}

/// One plan on its way to functions and a row of the entry table.
class PlanLowering {
public:
  PlanLowering(PlanOp plan, HostTables &tables, SymbolTable &symbols,
               const DenseMap<StringAttr, int32_t> &kernelNumbers)
      : plan(plan), tables(tables), symbolTable(symbols),
        kernelNumbers(kernelNumbers),
        builder(
            OpBuilder::atBlockEnd(plan->getParentOfType<ModuleOp>().getBody())),
        pointer(LLVM::LLVMPointerType::get(plan.getContext())) {}

  FailureOr<HostTables::Struct> lower();

private:
  FailureOr<HostTables::Address> lowerPorts(size_t first, size_t count);
  HostTables::Address lowerShapes();
  HostTables::Address lowerCosts();
  HostTables::Address lowerRun();
  HostTables::Address lowerLiveRanges();
  LLVM::LLVMFuncOp function(StringRef suffix, Type result,
                            ArrayRef<Type> arguments);
  SmallVector<Value> loadSymbols(OpBuilder &body, Value symbols);
  Value element(OpBuilder &body, Value base, int64_t index);
  Value addressOf(OpBuilder &body, Arithmetic &arithmetic, Value buffer,
                  Value ports, Value buffers);
  AffineMap shapeOf(Value buffer);
  SymbolicShape stridesOf(Value buffer);
  static Value sourceOf(Value buffer) {
    while (auto view = buffer.getDefiningOp<BufferViewOp>())
      buffer = view.getSource();
    return buffer;
  }

  PlanOp plan;
  HostTables &tables;
  SymbolTable &symbolTable;
  const DenseMap<StringAttr, int32_t> &kernelNumbers;
  OpBuilder builder;
  Type pointer;
  SmallVector<BufferOp> arena;
  DenseMap<Value, int64_t> arenaIndex;
  SmallVector<LaunchOp> launches;
};

LLVM::LLVMFuncOp PlanLowering::function(StringRef suffix, Type result,
                                        ArrayRef<Type> arguments) {
  auto type = LLVM::LLVMFunctionType::get(result, arguments);
  auto func = LLVM::LLVMFuncOp::create(builder, plan.getLoc(),
                                       (plan.getSymName() + "." + suffix).str(),
                                       type, LLVM::Linkage::Internal);
  func.addEntryBlock(builder);
  return func;
}

Value PlanLowering::element(OpBuilder &body, Value base, int64_t index) {
  return LLVM::GEPOp::create(body, plan.getLoc(), pointer, body.getI64Type(),
                             base, ArrayRef<LLVM::GEPArg>{(int32_t)index});
}

SmallVector<Value> PlanLowering::loadSymbols(OpBuilder &body, Value symbols) {
  SmallVector<Value> values;
  for (size_t i = 0; i != plan.getSymbols().size(); ++i)
    values.push_back(LLVM::LoadOp::create(
        body, plan.getLoc(), body.getI64Type(), element(body, symbols, i)));
  return values;
}

AffineMap PlanLowering::shapeOf(Value buffer) {
  if (auto argument = dyn_cast<BlockArgument>(buffer))
    return cast<AffineMapAttr>(plan.getShapes()[argument.getArgNumber()])
        .getValue();
  if (auto op = buffer.getDefiningOp<BufferOp>())
    return op.getShape();
  if (auto op = buffer.getDefiningOp<BufferViewOp>())
    return op.getShape();
  // A weight: static.
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<AffineExpr> extents;
  for (int64_t extent : type.getShape())
    extents.push_back(getAffineConstantExpr(extent, plan.getContext()));
  return AffineMap::get(0, plan.getSymbols().size(), extents,
                        plan.getContext());
}

SymbolicShape PlanLowering::stridesOf(Value buffer) {
  if (auto view = buffer.getDefiningOp<BufferViewOp>())
    return SymbolicShape(view.getStrides().getResults());
  SymbolicShape strides;
  AffineExpr stride = getAffineConstantExpr(1, plan.getContext());
  for (AffineExpr extent : llvm::reverse(shapeOf(buffer).getResults())) {
    strides.insert(strides.begin(), stride);
    stride = stride * extent;
  }
  return strides;
}

FailureOr<HostTables::Address> PlanLowering::lowerPorts(size_t first,
                                                        size_t count) {
  SmallVector<HostTables::Struct> ports;
  for (size_t i = first; i != first + count; ++i) {
    auto memref = cast<MemRefType>(plan.getBody().getArgument(i).getType());
    Type type = memref.getElementType();
    if (auto types = plan.getElementTypes())
      type = cast<TypeAttr>((*types)[i]).getValue();
    int32_t code = typeCode(type);
    if (!code || memref.getRank() > MIXBIT_MAX_RANK)
      return plan.emitError()
             << "expected '" << cast<StringAttr>(plan.getNames()[i]).getValue()
             << "' of f32, f16, bf16, i64, i32, i8, u8 or bool and at most "
             << MIXBIT_MAX_RANK << " dimensions, but got " << memref.getRank()
             << " dimensions of " << type;
    SmallVector<int64_t> dims;
    for (AffineExpr extent :
         shapeOf(plan.getBody().getArgument(i)).getResults()) {
      if (std::optional<int64_t> value = constantValue(extent))
        dims.push_back(*value);
      else if (auto symbol = dyn_cast<AffineSymbolExpr>(extent))
        dims.push_back(-1 - (int64_t)symbol.getPosition());
      else
        dims.push_back(INT64_MIN);
    }
    ports.push_back(
        {tables.string(cast<StringAttr>(plan.getNames()[i]).getValue()),
         HostTables::Int32{code}, HostTables::Int32{memref.getRank()},
         tables.int64s(dims, "dims")});
  }
  return tables.structs(ports, "ports");
}

HostTables::Address PlanLowering::lowerShapes() {
  LLVM::LLVMFuncOp func =
      function("shapes", LLVM::LLVMVoidType::get(plan.getContext()),
               {pointer, pointer, pointer});
  Block &block = func.getBody().front();
  OpBuilder body = OpBuilder::atBlockEnd(&block);
  Location loc = plan.getLoc();
  SmallVector<Value> symbols = loadSymbols(body, block.getArgument(0));
  Arithmetic arithmetic(body, loc, symbols);
  int64_t next = 0;
  for (size_t i = plan.getNumInputs(); i != plan.getNames().size(); ++i)
    for (AffineExpr extent :
         shapeOf(plan.getBody().getArgument(i)).getResults())
      LLVM::StoreOp::create(body, loc, arithmetic.emit(extent),
                            element(body, block.getArgument(1), next++));
  for (auto [index, buffer] : llvm::enumerate(arena)) {
    auto type = cast<MemRefType>(buffer.getType());
    Value bytes = arithmetic.constant(elementBytes(type.getElementType()));
    for (AffineExpr extent : buffer.getShape().getResults())
      bytes = arithmetic.mul(bytes, arithmetic.emit(extent));
    LLVM::StoreOp::create(body, loc, bytes,
                          element(body, block.getArgument(2), index));
  }
  LLVM::ReturnOp::create(body, loc, ValueRange());
  return {func.getSymName().str()};
}

/// Three words a launch: bytes, products of floats, products of integers.
HostTables::Address PlanLowering::lowerCosts() {
  LLVM::LLVMFuncOp func = function(
      "costs", LLVM::LLVMVoidType::get(plan.getContext()), {pointer, pointer});
  Block &block = func.getBody().front();
  OpBuilder body = OpBuilder::atBlockEnd(&block);
  Location loc = plan.getLoc();
  SmallVector<Value> symbols = loadSymbols(body, block.getArgument(0));
  Arithmetic arithmetic(body, loc, symbols);
  int64_t next = 0;
  for (LaunchOp launch : launches) {
    SmallVector<SymbolicShape> shapes;
    for (Value argument : launch.getArgs())
      shapes.emplace_back(shapeOf(argument).getResults());
    LaunchCost cost =
        costOfLaunch(symbolTable.lookup<KernelOp>(launch.getKernel()), shapes);
    for (AffineExpr expr :
         {cost.bytes, cost.floatProducts, cost.integerProducts})
      LLVM::StoreOp::create(body, loc, arithmetic.emit(expr),
                            element(body, block.getArgument(1), next++));
  }
  LLVM::ReturnOp::create(body, loc, ValueRange());
  return {func.getSymName().str()};
}

Value PlanLowering::addressOf(OpBuilder &body, Arithmetic &arithmetic,
                              Value buffer, Value ports, Value buffers) {
  Location loc = plan.getLoc();
  auto load = [&](Value table, int64_t index) -> Value {
    Value slot = LLVM::GEPOp::create(body, loc, pointer, pointer, table,
                                     ArrayRef<LLVM::GEPArg>{(int32_t)index});
    return LLVM::LoadOp::create(body, loc, pointer, slot);
  };
  auto offsetBy = [&](Value base, Value bytes) -> Value {
    return LLVM::GEPOp::create(body, loc, pointer, body.getI8Type(), base,
                               ArrayRef<LLVM::GEPArg>{bytes});
  };
  if (auto argument = dyn_cast<BlockArgument>(buffer))
    return load(ports, argument.getArgNumber());
  if (auto view = buffer.getDefiningOp<BufferViewOp>()) {
    Value base = addressOf(body, arithmetic, view.getSource(), ports, buffers);
    AffineExpr offset = view.getOffset().getResult(0);
    if (constantValue(offset) == 0)
      return base;
    auto type = cast<MemRefType>(view.getType());
    return offsetBy(base, arithmetic.mul(arithmetic.emit(offset),
                                         arithmetic.constant(elementBytes(
                                             type.getElementType()))));
  }
  if (auto ref = buffer.getDefiningOp<WeightRefOp>()) {
    auto weight = symbolTable.lookup<WeightOp>(ref.getWeight());
    Value base = LLVM::AddressOfOp::create(
        body, loc, pointer, tables.declareByte("mixbit_weights").symbol);
    return offsetBy(base, arithmetic.constant(*weight.getOffset()));
  }
  return load(buffers, arenaIndex.lookup(buffer));
}

HostTables::Address PlanLowering::lowerRun() {
  Location loc = plan.getLoc();
  Type int32 = builder.getI32Type(), int64 = builder.getI64Type();
  LLVM::LLVMFuncOp func =
      function("run", int32, {pointer, pointer, pointer, pointer});
  auto launchType =
      LLVM::LLVMFunctionType::get(int32, {pointer, int32, pointer});
  std::string launchName =
      tables.declareFunction("mxb_launch", launchType).symbol;
  Block *entry = &func.getBody().front();
  Value context = entry->getArgument(0), ports = entry->getArgument(2),
        buffers = entry->getArgument(3);
  OpBuilder body = OpBuilder::atBlockEnd(entry);
  SmallVector<Value> symbols = loadSymbols(body, entry->getArgument(1));

  // One array of words serves all launches: each is over when it returns.
  int64_t words = 1;
  for (LaunchOp launch : launches) {
    auto kernel = symbolTable.lookup<KernelOp>(launch.getKernel());
    int64_t count = 1;
    for (Type type : kernel.getBody().getArgumentTypes())
      count += numArgumentWords(cast<MemRefType>(type));
    words = std::max(words, count);
  }
  Arithmetic arithmetic(body, loc, symbols);
  Value array = LLVM::AllocaOp::create(body, loc, pointer, int64,
                                       arithmetic.constant(words), 16);
  auto *failed = new Block();
  Value status = failed->addArgument(int32, loc);
  auto next = [&] {
    Block *block = new Block();
    func.getBody().push_back(block);
    return block;
  };
  // Shapes that the graph was not made for would read beyond its tables.
  if (auto required = plan->getAttrOfType<AffineMapAttr>(kRequiresAttr))
    for (AffineExpr expr : required.getValue().getResults()) {
      Value isBroken =
          LLVM::ICmpOp::create(body, loc, LLVM::ICmpPredicate::slt,
                               arithmetic.emit(expr), arithmetic.constant(0));
      Value code = LLVM::ConstantOp::create(body, loc, int32,
                                            body.getI32IntegerAttr(-1));
      Block *goesOn = next();
      LLVM::CondBrOp::create(body, loc, isBroken, failed, code, goesOn,
                             ValueRange());
      body.setInsertionPointToEnd(goesOn);
    }
  for (auto [index, launch] : llvm::enumerate(launches)) {
    auto kernel = symbolTable.lookup<KernelOp>(launch.getKernel());
    int64_t word = 1;
    auto store = [&](Value value) {
      LLVM::StoreOp::create(body, loc, value, element(body, array, word++));
    };
    for (auto [type, buffer] :
         llvm::zip(kernel.getBody().getArgumentTypes(), launch.getArgs())) {
      auto memref = cast<MemRefType>(type);
      Value address = addressOf(body, arithmetic, buffer, ports, buffers);
      store(LLVM::PtrToIntOp::create(body, loc, int64, address));
      AffineMap shape = shapeOf(buffer);
      for (auto [extent, expr] :
           llvm::zip(memref.getShape(), shape.getResults()))
        if (ShapedType::isDynamic(extent))
          store(arithmetic.emit(expr));
      if (!hasStrideWords(memref))
        continue;
      auto layout = cast<StridedLayoutAttr>(memref.getLayout());
      for (auto [stride, expr] :
           llvm::zip(layout.getStrides(), stridesOf(buffer)))
        if (ShapedType::isDynamic(stride))
          store(arithmetic.emit(expr));
    }
    Value number = LLVM::ConstantOp::create(body, loc, int32,
                                            body.getI32IntegerAttr(index));
    auto call = LLVM::CallOp::create(body, loc, launchType, launchName,
                                     ValueRange{context, number, array});
    Value zero =
        LLVM::ConstantOp::create(body, loc, int32, body.getI32IntegerAttr(0));
    Value stops = LLVM::ICmpOp::create(body, loc, LLVM::ICmpPredicate::ne,
                                       call.getResult(), zero);
    Block *goesOn = next();
    LLVM::CondBrOp::create(body, loc, stops, failed, call.getResult(), goesOn,
                           ValueRange());
    body.setInsertionPointToEnd(goesOn);
  }
  Value zero =
      LLVM::ConstantOp::create(body, loc, int32, body.getI32IntegerAttr(0));
  LLVM::ReturnOp::create(body, loc, zero);
  func.getBody().push_back(failed);
  body.setInsertionPointToEnd(failed);
  LLVM::ReturnOp::create(body, loc, status);
  return {func.getSymName().str()};
}

HostTables::Address PlanLowering::lowerLiveRanges() {
  SmallVector<int32_t> live(2 * arena.size(), -1);
  for (auto [index, launch] : llvm::enumerate(launches))
    for (Value argument : launch.getArgs()) {
      auto found = arenaIndex.find(sourceOf(argument));
      if (found == arenaIndex.end())
        continue;
      int32_t *range = &live[2 * found->second];
      if (range[0] < 0)
        range[0] = index;
      range[1] = index;
    }
  for (int32_t &launch : live)
    launch = std::max(launch, 0);
  return tables.int32s(live, "live");
}

FailureOr<HostTables::Struct> PlanLowering::lower() {
  for (Operation &op : plan.getBody().front()) {
    if (auto buffer = dyn_cast<BufferOp>(op)) {
      arenaIndex[buffer.getResult()] = arena.size();
      arena.push_back(buffer);
    } else if (auto launch = dyn_cast<LaunchOp>(op)) {
      launches.push_back(launch);
    }
  }
  SmallVector<HostTables::Address> symbolNames, nodes;
  for (Attribute symbol : plan.getSymbols())
    symbolNames.push_back(tables.string(cast<StringAttr>(symbol).getValue()));
  SmallVector<int32_t> kernels;
  for (LaunchOp launch : launches) {
    kernels.push_back(kernelNumbers.lookup(launch.getKernelAttr().getAttr()));
    nodes.push_back(
        tables.string(nodeName(launch.getLoc(), launch.getKernel())));
  }
  int64_t numInputs = plan.getNumInputs();
  int64_t numOutputs = plan.getNames().size() - numInputs;
  FailureOr<HostTables::Address> inputs = lowerPorts(0, numInputs);
  FailureOr<HostTables::Address> outputs = lowerPorts(numInputs, numOutputs);
  if (failed(inputs) || failed(outputs))
    return failure();
  HostTables::Address shapes = lowerShapes();
  HostTables::Address run = lowerRun();
  HostTables::Address costs = lowerCosts();
  // Input and symbol, counted from 1; 0 if nothing is left out.
  int64_t trimMask = 0, trimSymbol = 0;
  if (auto trim = plan->getAttrOfType<DenseI64ArrayAttr>(kTrimAttr)) {
    trimMask = 1 + trim[0];
    trimSymbol = 1 + trim[1];
  }
  using Int32 = HostTables::Int32;
  return HostTables::Struct{tables.string(plan.getSymName()),
                            Int32{(int64_t)symbolNames.size()},
                            tables.addresses(symbolNames, "symbols"),
                            Int32{numInputs},
                            *inputs,
                            Int32{numOutputs},
                            *outputs,
                            Int32{(int64_t)arena.size()},
                            lowerLiveRanges(),
                            Int32{(int64_t)launches.size()},
                            tables.int32s(kernels, "launch_kernels"),
                            tables.addresses(nodes, "launch_nodes"),
                            shapes,
                            run,
                            costs,
                            Int32{trimMask},
                            Int32{trimSymbol}};
}

struct LowerPlan : impl::LowerPlanBase<LowerPlan> {
  using LowerPlanBase::LowerPlanBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<const Target *> chosen;
    for (const std::string &name : targets) {
      const Target *target = findTarget(name);
      if (!target || target->isGpu()) {
        module.emitError() << "expected a CPU target, but got '" << name << "'";
        return signalPassFailure();
      }
      chosen.push_back(target);
    }
    if (failed(lower(module, chosen)))
      signalPassFailure();
  }

  LogicalResult lower(ModuleOp module, ArrayRef<const Target *> chosen) {
    HostTables tables(module);
    SymbolTable symbols(module);
    DenseMap<StringAttr, int32_t> kernelNumbers;
    SmallVector<KernelOp> kernels(module.getOps<KernelOp>());
    SmallVector<HostTables::Address> kernelNames;
    for (KernelOp kernel : kernels) {
      kernelNumbers[kernel.getSymNameAttr()] = kernelNames.size();
      kernelNames.push_back(tables.string(kernel.getSymName()));
    }
    SmallVector<PlanOp> plans(module.getOps<PlanOp>());
    SmallVector<HostTables::Struct> entries;
    for (PlanOp plan : plans) {
      auto entry = PlanLowering(plan, tables, symbols, kernelNumbers).lower();
      if (failed(entry))
        return failure();
      entries.push_back(*entry);
    }
    using Int32 = HostTables::Int32;
    SmallVector<HostTables::Struct> variants;
    for (const Target *target : chosen)
      variants.push_back({tables.string(target->name),
                          HostTables::Int64{(int64_t)target->runtimeFeatures},
                          kernelTable(kernels, *target, tables)});
    tables.exported(
        {Int32{MIXBIT_ABI_VERSION}, Int32{(int64_t)entries.size()},
         tables.structs(entries, "entries"), Int32{(int64_t)variants.size()},
         tables.structs(variants, "variants"), Int32{(int64_t)kernels.size()},
         tables.addresses(kernelNames, "kernel_names"),
         tables.declareByte("mixbit_metadata")},
        "mixbit_library");
    for (PlanOp plan : plans)
      plan.erase();
    for (KernelOp kernel : kernels)
      kernel.erase();
    for (auto weight : llvm::make_early_inc_range(module.getOps<WeightOp>()))
      weight.erase();
    return success();
  }

  HostTables::Address kernelTable(ArrayRef<KernelOp> kernels,
                                  const Target &target, HostTables &tables) {
    MLIRContext *context = &getContext();
    auto pointer = LLVM::LLVMPointerType::get(context);
    Type int64 = IntegerType::get(context, 64);
    auto body = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                            {pointer, int64, int64, pointer});
    auto extent = LLVM::LLVMFunctionType::get(
        LLVM::LLVMStructType::getLiteral(context, {int64, int64}), {pointer});
    SmallVector<HostTables::Struct> rows;
    for (KernelOp kernel : kernels) {
      std::string name = kernel.getSymName().str();
      rows.push_back({tables.declareFunction(mangleKernel(name, target), body),
                      tables.declareFunction(
                          mangleKernel(name + ".extent", target), extent)});
    }
    return tables.structs(rows, "kernels");
  }
};
} // namespace
} // namespace mixbit
