import { runCborAppendixA } from "./cbor-appendix-a.ts"
import type { VectorFiles } from "./vector-files.ts"
import type { VectorSet } from "./vector-set.ts"

/** The vector sets of this package. @param files - With the folder `cbor/`. */
export function wireVectorSets(files: VectorFiles): readonly VectorSet[] {
  return [{ name: "cbor/appendix-a", run: () => runCborAppendixA(files) }]
}
