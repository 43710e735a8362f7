//===- HostTables.cpp - Constant data of the host module ------------------===//
#include "passes/codegen/HostTables.h"

using namespace mlir;

namespace mixbit {
HostTables::HostTables(ModuleOp module)
    : module(module), builder(OpBuilder::atBlockEnd(module.getBody())) {
  MLIRContext *context = module.getContext();
  pointer = LLVM::LLVMPointerType::get(context);
  int32 = builder.getI32Type();
  int64 = builder.getI64Type();
}

std::string HostTables::unique(StringRef name) {
  std::string result = ("mxb." + name + "." + Twine(next++)).str();
  return result;
}

LLVM::GlobalOp HostTables::global(Type type, StringRef name, Attribute value,
                                  bool isExported) {
  auto result = LLVM::GlobalOp::create(
      builder, builder.getUnknownLoc(), type, /*isConstant=*/true,
      isExported ? LLVM::Linkage::External : LLVM::Linkage::Private, name,
      value);
  if (isExported)
    result.setVisibility_(LLVM::Visibility::Hidden);
  return result;
}

HostTables::Address HostTables::string(StringRef text) {
  std::string &symbol = strings[text];
  if (symbol.empty()) {
    symbol = unique("string");
    std::string bytes = text.str();
    bytes.push_back('\0');
    global(LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size()), symbol,
           builder.getStringAttr(bytes));
  }
  return {symbol};
}

HostTables::Address HostTables::int32s(ArrayRef<int32_t> values,
                                       StringRef name) {
  if (values.empty())
    return {};
  std::string symbol = unique(name);
  global(LLVM::LLVMArrayType::get(int32, values.size()), symbol,
         builder.getI32TensorAttr(values));
  return {symbol};
}

HostTables::Address HostTables::int64s(ArrayRef<int64_t> values,
                                       StringRef name) {
  if (values.empty())
    return {};
  std::string symbol = unique(name);
  global(LLVM::LLVMArrayType::get(int64, values.size()), symbol,
         builder.getI64TensorAttr(values));
  return {symbol};
}

Value HostTables::address(OpBuilder &body, const Address &value) {
  Location loc = body.getUnknownLoc();
  if (value.symbol.empty())
    return LLVM::ZeroOp::create(body, loc, pointer);
  return LLVM::AddressOfOp::create(body, loc, pointer, value.symbol);
}

LLVM::LLVMStructType HostTables::typeOf(const Struct &value) {
  SmallVector<Type> types;
  for (const Field &field : value)
    types.push_back(std::holds_alternative<Int32>(field)   ? int32
                    : std::holds_alternative<Int64>(field) ? int64
                                                           : pointer);
  return LLVM::LLVMStructType::getLiteral(module.getContext(), types);
}

Value HostTables::build(OpBuilder &body, const Struct &value) {
  Location loc = body.getUnknownLoc();
  Value result = LLVM::UndefOp::create(body, loc, typeOf(value));
  for (auto [index, field] : llvm::enumerate(value)) {
    Value element;
    if (auto *small = std::get_if<Int32>(&field))
      element = LLVM::ConstantOp::create(body, loc, int32,
                                         body.getI32IntegerAttr(small->value));
    else if (auto *large = std::get_if<Int64>(&field))
      element = LLVM::ConstantOp::create(body, loc, int64,
                                         body.getI64IntegerAttr(large->value));
    else
      element = address(body, std::get<Address>(field));
    result = LLVM::InsertValueOp::create(body, loc, result, element, index);
  }
  return result;
}

HostTables::Address HostTables::addresses(ArrayRef<Address> values,
                                          StringRef name) {
  SmallVector<Struct> structures;
  for (const Address &value : values)
    structures.push_back({value});
  return structs(structures, name);
}

HostTables::Address HostTables::structs(ArrayRef<Struct> values,
                                        StringRef name) {
  if (values.empty())
    return {};
  std::string symbol = unique(name);
  auto type = LLVM::LLVMArrayType::get(typeOf(values.front()), values.size());
  LLVM::GlobalOp table = global(type, symbol, Attribute());
  OpBuilder body =
      OpBuilder::atBlockEnd(&table.getInitializerRegion().emplaceBlock());
  Location loc = body.getUnknownLoc();
  Value array = LLVM::UndefOp::create(body, loc, type);
  for (auto [index, value] : llvm::enumerate(values))
    array = LLVM::InsertValueOp::create(body, loc, array, build(body, value),
                                        index);
  LLVM::ReturnOp::create(body, loc, array);
  return {symbol};
}

void HostTables::exported(const Struct &value, StringRef name) {
  LLVM::GlobalOp table =
      global(typeOf(value), name, Attribute(), /*isExported=*/true);
  OpBuilder body =
      OpBuilder::atBlockEnd(&table.getInitializerRegion().emplaceBlock());
  LLVM::ReturnOp::create(body, body.getUnknownLoc(), build(body, value));
}

HostTables::Address HostTables::declareFunction(StringRef name,
                                                LLVM::LLVMFunctionType type) {
  if (!module.lookupSymbol(name)) {
    auto function =
        LLVM::LLVMFuncOp::create(builder, builder.getUnknownLoc(), name, type);
    // In the same library: reached without a detour through a table.
    function.setVisibility_(LLVM::Visibility::Hidden);
  }
  return {name.str()};
}

HostTables::Address HostTables::declareByte(StringRef name) {
  if (!module.lookupSymbol(name))
    global(builder.getI8Type(), name, Attribute(), /*isExported=*/true);
  return {name.str()};
}
} // namespace mixbit
