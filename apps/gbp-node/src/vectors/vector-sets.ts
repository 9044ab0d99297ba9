import { cryptoVectorSets } from "@qpc/crypto/vectors"
import type { VectorProvider } from "@qpc/crypto/vectors"
import { groupVectorSets, treeVectorSets } from "@qpc/mls/vectors"
import { sframeVectorSets } from "@qpc/sframe/vectors"
import { wireVectorSets } from "@qpc/wire/vectors"
import type { VectorFiles, VectorSet } from "@qpc/wire/vectors"

/** Every published set of the stack: MLS, the primitives, SFrame, CBOR. @param provider - Whose primitives to run. */
export function vectorSets(files: VectorFiles, provider: VectorProvider): VectorSet[] {
  return [
    ...treeVectorSets(files, provider.suites),
    ...groupVectorSets(files, provider.suites),
    ...cryptoVectorSets(files, provider),
    ...sframeVectorSets(files, provider.sframeCiphers),
    ...wireVectorSets(files),
  ]
}
