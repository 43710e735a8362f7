//===- WeightsObject.cpp - The weights as an object file ------------------===//
#include "lib/target/WeightsObject.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileSystem.h"

using namespace llvm;

namespace mixbit {

WeightsObject::WeightsObject(StringRef path, std::unique_ptr<raw_fd_ostream> os,
                             Architecture architecture)
    : path(path.str()), os(std::move(os)), writer(*this->os, architecture) {
  writer.beginSection(weightsSection, ELF::SHT_PROGBITS, ELF::SHF_ALLOC,
                      weightsAlignment);
  writer.addSymbol(weightsSymbol, /*isHidden=*/true);
}

WeightsObject::~WeightsObject() {
  // What is still in the stream's buffer can fail as well, and an error that
  // nobody has cleared ends the process when the stream goes.
  os->close();
  os->clear_error();
}

Expected<std::unique_ptr<WeightsObject>>
WeightsObject::create(StringRef path, Architecture architecture) {
  std::error_code code;
  auto os = std::make_unique<raw_fd_ostream>(path, code, sys::fs::OF_None);
  if (code)
    return createStringError(code,
                             path + ": cannot be written: " + code.message());
  return std::unique_ptr<WeightsObject>(
      new WeightsObject(path, std::move(os), architecture));
}

Error WeightsObject::check() {
  std::error_code code = os->error();
  if (!code)
    return Error::success();
  os->clear_error();
  return createStringError(code,
                           path + ": cannot be written: " + code.message());
}

Error WeightsObject::write(uint64_t offset, ArrayRef<char> bytes) {
  uint64_t end = writer.sectionSize();
  if (offset < end)
    return createStringError("expected weights in the order of their offsets, "
                             "but got offset " +
                             Twine(offset) + " after " + Twine(end));
  for (uint64_t gap = offset - end; gap > 0;) {
    unsigned zeros = unsigned(std::min<uint64_t>(gap, 1 << 20));
    os->write_zeros(zeros);
    gap -= zeros;
  }
  os->write(bytes.data(), bytes.size());
  return check();
}

Error WeightsObject::finish() {
  writer.finish();
  os->close();
  return check();
}

} // namespace mixbit
