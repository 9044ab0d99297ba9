import { suite0001, suite0003 } from "@qpc/crypto/node"
import { coreCryptoLibrary } from "./core-crypto.ts"
import { implementationOf } from "./implementation.ts"
import type { Implementation } from "./implementation.ts"
import type { Library } from "./library.ts"
import { mlsTsLibrary } from "./mls-ts.ts"
import { openMlsNative } from "./openmls-native.ts"
import { ours } from "./ours.ts"
import { tsMlsLibrary } from "./ts-mls.ts"

/** Who takes part, and who cannot here. */
export interface Available {
  readonly implementations: readonly Implementation[]
  /** Why a peer was not measured. */
  readonly absent: readonly string[]
}

/**
 * Everybody who is installed, ours first.
 *
 * @param wanted - Ids of peers; all where it is `undefined`. Ours takes part in any case.
 */
export async function availableImplementations(wanted: readonly string[] | undefined): Promise<Available> {
  const absent: string[] = []
  const isWanted = (id: string): boolean => wanted === undefined || wanted.includes(id)
  const libraries: Library[] = [ours("ours", suite0001)]
  if (isWanted("tsmls")) libraries.push(await tsMlsLibrary())
  if (isWanted("corecrypto")) {
    const coreCrypto = await coreCryptoLibrary()
    if (coreCrypto === undefined) absent.push("core-crypto: not installed, run npm run bench:mls:peers")
    else libraries.push(coreCrypto)
  }
  if (isWanted("openmls_wasm")) libraries.push(ours("ours_chacha", suite0003), await mlsTsLibrary())
  const implementations = libraries.map(implementationOf)
  if (isWanted("openmls_native")) {
    const native = openMlsNative()
    if (typeof native === "string") absent.push(`OpenMLS native: ${native}`)
    else implementations.push(...native)
  }
  return { implementations, absent }
}
