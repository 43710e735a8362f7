#include "passes/simplify/Passes.h"
