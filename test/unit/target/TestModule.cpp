//===- TestModule.cpp - A small library in LLVM IR --------------*- C++ -*-===//
#include "TestModule.h"

#include "lib/target/WeightsObject.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "gtest/gtest.h"

using namespace llvm;
using namespace mixbit;

StringRef testModuleText() {
  return R"(
@mixbit_weights = external hidden constant [2 x float]
@mixbit_metadata = external hidden constant i8
declare i32 @mxb_launch(ptr, i32, ptr)

define internal {i64, i64} @scale.extent(ptr %args) {
  %p = getelementptr i64, ptr %args, i64 2
  %n = load i64, ptr %p
  %r = insertvalue {i64, i64} {i64 undef, i64 0}, i64 %n, 0
  ret {i64, i64} %r
}
define internal void @scale(ptr %args, i64 %begin, i64 %end, ptr %scratch) {
  %px = getelementptr i64, ptr %args, i64 1
  %x = load ptr, ptr %px
  %py = getelementptr i64, ptr %args, i64 3
  %y = load ptr, ptr %py
  %f = load float, ptr @mixbit_weights
  %pg = getelementptr float, ptr @mixbit_weights, i64 1
  %g = load float, ptr %pg
  br label %head
head:
  %i = phi i64 [%begin, %0], [%next, %body]
  %more = icmp slt i64 %i, %end
  br i1 %more, label %body, label %exit
body:
  %pi = getelementptr float, ptr %x, i64 %i
  %v = load float, ptr %pi
  %w = fmul float %v, %f
  %s = fadd float %w, %g
  %po = getelementptr float, ptr %y, i64 %i
  store float %s, ptr %po
  %next = add i64 %i, 1
  br label %head
exit:
  ret void
}
define internal void @shapes(ptr %symbols, ptr %dims, ptr %bytes) {
  %n = load i64, ptr %symbols
  store i64 %n, ptr %dims
  ret void
}
define internal i32 @run(ptr %context, ptr %symbols, ptr %ports, ptr %buffers) {
  %args = alloca [5 x i64]
  %n = load i64, ptr %symbols
  %x = load ptr, ptr %ports
  %pp = getelementptr ptr, ptr %ports, i64 1
  %y = load ptr, ptr %pp
  %a1 = getelementptr i64, ptr %args, i64 1
  store ptr %x, ptr %a1
  %a2 = getelementptr i64, ptr %args, i64 2
  store i64 %n, ptr %a2
  %a3 = getelementptr i64, ptr %args, i64 3
  store ptr %y, ptr %a3
  %a4 = getelementptr i64, ptr %args, i64 4
  store i64 %n, ptr %a4
  %r = call i32 @mxb_launch(ptr %context, i32 0, ptr %args)
  ret i32 %r
}

@s.main = internal constant [5 x i8] c"main\00"
@s.n = internal constant [2 x i8] c"n\00"
@s.x = internal constant [2 x i8] c"x\00"
@s.y = internal constant [2 x i8] c"y\00"
@s.generic = internal constant [8 x i8] c"generic\00"
@s.scale = internal constant [6 x i8] c"scale\00"
@s.node = internal constant [5 x i8] c"/Mul\00"
@dims = internal constant [1 x i64] [i64 -1]
@symbols = internal constant [1 x ptr] [ptr @s.n]
@inputs = internal constant [1 x {ptr, i32, i32, ptr}] [{ptr, i32, i32, ptr} {ptr @s.x, i32 1, i32 1, ptr @dims}]
@outputs = internal constant [1 x {ptr, i32, i32, ptr}] [{ptr, i32, i32, ptr} {ptr @s.y, i32 1, i32 1, ptr @dims}]
@launches = internal constant [1 x i32] [i32 0]
@nodes = internal constant [1 x ptr] [ptr @s.node]
@kernels = internal constant [1 x {ptr, ptr}] [{ptr, ptr} {ptr @scale, ptr @scale.extent}]
@names = internal constant [1 x ptr] [ptr @s.scale]
@variants = internal constant [1 x {ptr, i64, ptr}] [{ptr, i64, ptr} {ptr @s.generic, i64 0, ptr @kernels}]
@entries = internal constant [1 x {ptr, i32, ptr, i32, ptr, i32, ptr, i32, ptr, i32, ptr, ptr, ptr, ptr, ptr, i32, i32}]
  [{ptr, i32, ptr, i32, ptr, i32, ptr, i32, ptr, i32, ptr, ptr, ptr, ptr, ptr, i32, i32}
   {ptr @s.main, i32 1, ptr @symbols, i32 1, ptr @inputs, i32 1, ptr @outputs, i32 0, ptr null,
    i32 1, ptr @launches, ptr @nodes, ptr @shapes, ptr @run, ptr null, i32 0, i32 0}]
@mixbit_library = hidden constant {i32, i32, ptr, i32, ptr, i32, ptr, ptr}
  {i32 2, i32 1, ptr @entries, i32 1, ptr @variants, i32 1, ptr @names, ptr @mixbit_metadata}
)";
}

std::unique_ptr<Module> parseModule(LLVMContext &context, StringRef text) {
  SMDiagnostic diagnostic;
  std::unique_ptr<Module> module =
      parseAssemblyString(text, diagnostic, context);
  EXPECT_TRUE(module != nullptr) << diagnostic.getMessage().str();
  return module;
}

Error buildLibrary(StringRef targetName, StringRef text, StringRef folder,
                   StringRef output) {
  const Target &target = *findTarget(targetName);
  Expected<Architecture> architecture = architectureOf(target);
  if (!architecture)
    return architecture.takeError();
  LLVMContext context;
  std::unique_ptr<Module> module = parseModule(context, text);
  if (Error error = optimizeModule(*module, target))
    return error;
  SmallVector<char, 0> object;
  if (Error error = emitCode(*module, target, CodeFileType::Object, object))
    return error;
  LinkInputs inputs;
  inputs.architecture = *architecture;
  inputs.objects = {StringRef(object.data(), object.size())};
  inputs.weightsObject = (folder + "/weights.o").str();
  inputs.metadata = R"({"layers": ["/Mul"]})";
  auto weights = WeightsObject::create(inputs.weightsObject, *architecture);
  if (!weights)
    return weights.takeError();
  const float values[] = {2, 3};
  if (Error error = (*weights)->write(
          0, ArrayRef(reinterpret_cast<const char *>(values), sizeof(values))))
    return error;
  if (Error error = (*weights)->finish())
    return error;
  Error error = linkLibrary(inputs, output);
  sys::fs::remove(inputs.weightsObject);
  return error;
}

TestFolder::TestFolder() {
  EXPECT_FALSE(sys::fs::createUniqueDirectory("mixbit-test", path));
}
TestFolder::~TestFolder() { sys::fs::remove_directories(path); }
std::string TestFolder::operator/(StringRef name) const {
  return (path + "/" + name).str();
}
int TestFolder::numFiles() const {
  std::error_code code;
  int count = 0;
  for (sys::fs::directory_iterator i(path, code), e; i != e && !code;
       i.increment(code))
    ++count;
  return count;
}

std::string readFile(StringRef path) {
  auto file = MemoryBuffer::getFile(path);
  EXPECT_TRUE(bool(file)) << path.str();
  return file ? (*file)->getBuffer().str() : "";
}
void writeFile(StringRef path, StringRef bytes) {
  std::error_code code;
  raw_fd_ostream os(path, code);
  os << bytes;
}
