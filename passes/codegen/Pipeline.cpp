//===- Pipeline.cpp - The codegen stage -----------------------------------===//
#include "passes/codegen/Passes.h"

namespace mixbit {}
