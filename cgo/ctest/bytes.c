/* A model that one process has read and sent to the others. */

#include "example.h"

int main(int argc, char **argv) {
  ponita_model model, same;
  ponita_model_info info, info2;
  char *bytes;
  long count;
  FILE *f;

  WANT(argc == 2);
  f = fopen(argv[1], "rb");
  WANT(f != NULL);
  fseek(f, 0, SEEK_END);
  count = ftell(f);
  rewind(f);
  bytes = (char *)malloc((size_t)count);
  WANT(fread(bytes, 1, (size_t)count, f) == (size_t)count);
  fclose(f);

  CHECK(ponita_model_open_bytes(bytes, (size_t)count, &model));
  WANT(ponita_model_open_bytes(bytes, (size_t)count / 2, &same) == PONITA_EFILE && same == NULL);
  memset(bytes, 0, (size_t)count); /* the library has kept no pointer to it */
  free(bytes);

  CHECK(ponita_model_open(argv[1], &same));
  START(info);
  START(info2);
  CHECK(ponita_model_describe(model, &info));
  CHECK(ponita_model_describe(same, &info2));
  WANT(strcmp(info.hash, info2.hash) == 0 && strlen(info.hash) == 32);
  CHECK(ponita_model_close(model));
  CHECK(ponita_model_close(same));
  return 0;
}
