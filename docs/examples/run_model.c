/* run_model.c - Runs a compiled text classifier from C.
 *
 *   cc -I include docs/examples/run_model.c -o run_model -ldl
 *   ./run_model ./model.so 2 345 678 3
 *
 * The arguments are token ids, which go to the model's first integer input as
 * one sequence; masks are all ones, token types all zeros. Only
 * include/mixbit/runtime.h is needed to compile it: the library carries the
 * rest. docs/Runtime.md explains each call.
 */
#include <mixbit/runtime.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The library's only symbol. */
typedef const mixbit_api *(*get_api_function)(uint32_t);

static const mixbit_api *load(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    return NULL;
  }
  /* ISO C has no cast from an object pointer to a function pointer. */
  get_api_function get_api;
  void *symbol = dlsym(library, "mixbit_get_api");
  memcpy(&get_api, &symbol, sizeof symbol);
  if (!get_api) {
    fprintf(stderr, "%s: not a library made by Mixbit\n", path);
    return NULL;
  }
  const mixbit_api *api = get_api(MIXBIT_ABI_VERSION);
  if (!api)
    fprintf(stderr, "%s: made for another version of the ABI\n", path);
  return api;
}

/* What an input of this name gets at each position. */
static int64_t value_at(const char *name, int64_t position, char **ids) {
  if (strstr(name, "mask"))
    return 1;
  if (strstr(name, "type"))
    return 0;
  return strtoll(ids[position], NULL, 10);
}

static int fail(const mixbit_api *api, mixbit_context *context) {
  fprintf(stderr, "%s\n", api->last_error(context));
  api->context_destroy(context);
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: run_model MODEL.so ID...\n");
    return 2;
  }
  const mixbit_api *api = load(argv[1]);
  if (!api)
    return 1;
  int64_t length = argc - 2;

  /* Entry point 0, on one thread. */
  mixbit_context *context = NULL;
  if (api->context_create(api, 0, 1, &context) != MIXBIT_OK) {
    fprintf(stderr, "%s: %s\n", argv[1], api->last_error(NULL));
    return 1;
  }

  /* Bind a tensor of shape [1, length] to every input. The data must live
   * until run returns; here, until the program ends. */
  for (int32_t i = 0; i < api->num_inputs(api, 0); ++i) {
    const mixbit_port *port = api->input(api, 0, i);
    int64_t *values = malloc(length * sizeof *values);
    if (!values)
      return 1;
    for (int64_t position = 0; position < length; ++position)
      values[position] = value_at(port->name, position, argv + 2);
    mixbit_tensor tensor = {0};
    tensor.data = values;
    tensor.type = MIXBIT_I64;
    tensor.rank = 2;
    tensor.shape[0] = 1;
    tensor.shape[1] = length;
    if (api->bind_input(context, i, &tensor) != MIXBIT_OK)
      return fail(api, context);
  }

  if (api->run(context) != MIXBIT_OK)
    return fail(api, context);

  /* The output stands in memory of the context. */
  mixbit_tensor logits;
  if (api->get_output(context, 0, &logits) != MIXBIT_OK)
    return fail(api, context);
  if (logits.type != MIXBIT_F32 || logits.rank != 2) {
    fprintf(stderr, "%s: expected logits of shape [batch, classes]\n", argv[1]);
    return 1;
  }
  const float *values = logits.data;
  int64_t best = 0;
  for (int64_t class = 0; class < logits.shape[1]; ++class) {
    printf("%s%.4f", class ? " " : "logits ", values[class]);
    if (values[class] > values[best])
      best = class;
  }
  printf("\nclass %lld on %s\n", (long long)best, api->context_target(context));
  api->context_destroy(context);
  return 0;
}
