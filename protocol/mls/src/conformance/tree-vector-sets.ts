import type { CipherSuite } from "@qpc/crypto"
import { checkCryptoBasics } from "./crypto-basics.ts"
import { checkTreeKem } from "./treekem.ts"
import { checkTreeMath } from "./tree-math.ts"
import { checkTreeOperations } from "./tree-operations.ts"
import { checkTreeValidation } from "./tree-validation.ts"
import { mlsVectorSet } from "./vector-set.ts"
import type { VectorSet } from "./vector-set.ts"

/**
 * The sets of the MLS working group about labelled primitives and the ratchet tree.
 *
 * @param vectorsDir - The folder that holds `mls-wg`.
 * @param suites - Cases of other suites are skipped and counted.
 */
export function treeVectorSets(vectorsDir: string, suites: readonly CipherSuite[]): VectorSet[] {
  return [
    mlsVectorSet(vectorsDir, "tree-math", suites, checkTreeMath),
    mlsVectorSet(vectorsDir, "crypto-basics", suites, checkCryptoBasics),
    mlsVectorSet(vectorsDir, "tree-operations", suites, checkTreeOperations),
    mlsVectorSet(vectorsDir, "tree-validation", suites, checkTreeValidation),
    mlsVectorSet(vectorsDir, "treekem", suites, checkTreeKem),
  ]
}
