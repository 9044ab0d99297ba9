import { runCborAppendixA } from "./cbor-appendix-a.ts"
import type { VectorSet } from "./vector-set.ts"

/** The vector sets of this package. @param vectorsDir - The folder that holds `cbor/`. */
export function wireVectorSets(vectorsDir: string): readonly VectorSet[] {
  return [{ name: "cbor/appendix-a", run: () => runCborAppendixA(vectorsDir) }]
}
