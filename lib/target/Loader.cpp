//===- Loader.cpp - A library, checked and loaded -------------------------===//
#include "lib/target/Loader.h"

#include "llvm/Support/FileSystem.h"

#include <dlfcn.h>

using namespace llvm;

namespace mixbit {

Expected<std::unique_ptr<LoadedLibrary>> LoadedLibrary::load(StringRef path) {
  Expected<LibraryInfo> info = verifyLibraryFile(path);
  if (!info)
    return info.takeError();
  // dlopen would search a name without a slash in the system's folders.
  SmallString<128> absolute(path);
  if (std::error_code code = sys::fs::make_absolute(absolute))
    return createStringError(code, path + ": " + code.message());
  std::unique_ptr<LoadedLibrary> library(new LoadedLibrary());
  library->file = path.str();
  library->description = std::move(*info);
  library->handle = dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library->handle) {
    const char *reason = dlerror();
    return createStringError(
        path + ": cannot be loaded: " + (reason ? reason : "unknown error"));
  }
  auto getApi = reinterpret_cast<decltype(&mixbit_get_api)>(
      dlsym(library->handle, "mixbit_get_api"));
  library->table = getApi ? getApi(MIXBIT_ABI_VERSION) : nullptr;
  if (!library->table)
    return createStringError(path + ": expected ABI version " +
                             Twine(MIXBIT_ABI_VERSION) +
                             ", but the library has another");
  return library;
}

LoadedLibrary::~LoadedLibrary() {
  if (handle)
    dlclose(handle);
}

} // namespace mixbit
