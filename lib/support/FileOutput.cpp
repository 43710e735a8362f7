//===- FileOutput.cpp - Files that appear whole or not at all -------------===//
#include "lib/support/FileOutput.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Signals.h"

#include <sys/stat.h>

using namespace mixbit;
namespace fs = llvm::sys::fs;

static llvm::Error cannotWrite(const llvm::Twine &path, std::error_code code) {
  return llvm::createStringError(path +
                                 ": cannot be written: " + code.message());
}

/// What the process's umask leaves of the usual permissions, which a new file
/// made by open() would have; temporary files are made for their owner only.
static fs::perms usualPermissions(bool isExecutable) {
  mode_t mask = umask(0);
  umask(mask);
  return static_cast<fs::perms>((isExecutable ? 0777 : 0666) & ~mask);
}

llvm::Expected<std::unique_ptr<FileOutput>>
FileOutput::create(llvm::StringRef path, bool isExecutable) {
  fs::file_status status;
  bool exists = !fs::status(path, status);
  if (exists && fs::is_directory(status))
    return cannotWrite(path, std::make_error_code(std::errc::is_a_directory));
  if (exists && !fs::is_regular_file(status)) {
    std::error_code code;
    auto stream = std::make_unique<llvm::raw_fd_ostream>(path, code);
    if (code)
      return cannotWrite(path, code);
    return std::unique_ptr<FileOutput>(
        new FileOutput(path.str(), "", std::move(stream)));
  }

  // Through a link, so that the file it points to is replaced, not the link.
  llvm::SmallString<128> place(path);
  if (exists)
    if (auto code = fs::real_path(path, place))
      return cannotWrite(path, code);
  llvm::SmallString<128> temporary;
  int file;
  if (auto code =
          fs::createUniqueFile(place + ".%%%%%%.tmp", file, temporary,
                               fs::OF_None, usualPermissions(isExecutable)))
    return cannotWrite(path, code);
  llvm::sys::RemoveFileOnSignal(temporary);
  auto stream =
      std::make_unique<llvm::raw_fd_ostream>(file, /*shouldClose=*/true);
  return std::unique_ptr<FileOutput>(new FileOutput(
      place.str().str(), temporary.str().str(), std::move(stream)));
}

FileOutput::~FileOutput() {
  // An error that the stream still holds when it ends would end the process as
  // an internal one.
  if (!isClosed)
    stream->close();
  stream->clear_error();
  stream.reset();
  if (temporary.empty())
    return;
  fs::remove(temporary);
  llvm::sys::DontRemoveFileOnSignal(temporary);
}

llvm::Error FileOutput::keep() {
  stream->close();
  isClosed = true;
  if (stream->has_error()) {
    std::error_code code = stream->error();
    stream->clear_error();
    return cannotWrite(path, code);
  }
  if (temporary.empty())
    return llvm::Error::success();
  if (auto code = fs::rename(temporary, path))
    return cannotWrite(path, code);
  llvm::sys::DontRemoveFileOnSignal(temporary);
  temporary.clear();
  return llvm::Error::success();
}
