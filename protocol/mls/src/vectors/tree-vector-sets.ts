import type { CipherSuite } from "@qpc/crypto"
import type { VectorFiles, VectorSet } from "@qpc/wire/vectors"
import { checkCryptoBasics } from "./crypto-basics.ts"
import { checkTreeKem } from "./treekem.ts"
import { checkTreeMath } from "./tree-math.ts"
import { checkTreeOperations } from "./tree-operations.ts"
import { checkTreeValidation } from "./tree-validation.ts"
import { mlsVectorSet } from "./vector-set.ts"
import type { MlsVectorFile } from "./vector-set.ts"

/**
 * The sets of the MLS working group about labelled primitives and the ratchet tree.
 *
 * @param files - With the folder `mls-wg`.
 * @param suites - Cases of other suites are skipped and counted.
 */
export function treeVectorSets(files: VectorFiles, suites: readonly CipherSuite[]): VectorSet[] {
  return TREE_FILES.map((file) => mlsVectorSet(files, file, suites))
}

const TREE_FILES: readonly MlsVectorFile[] = [
  { file: "tree-math", caseCount: 10, check: checkTreeMath },
  { file: "crypto-basics", caseCount: 7, check: checkCryptoBasics },
  { file: "tree-operations", caseCount: 5, check: checkTreeOperations },
  { file: "tree-validation", caseCount: 98, check: checkTreeValidation },
  { file: "treekem", caseCount: 77, check: checkTreeKem },
]
