import { equalBytes, fromHex } from "@qpc/wire"
import { mlKem768PublicKeyIsValid } from "../ml-kem-768.ts"
import type { VectorResult } from "@qpc/wire/vectors"
import { refuses, Tally } from "./tally.ts"
import type { VectorProvider } from "./vector-provider.ts"
import type { WycheproofFile } from "./wycheproof.ts"

/** The bytes, unless `call` refuses its arguments in one of the two ways a primitive may. */
function bytesOf(call: () => Uint8Array | undefined): Uint8Array | undefined {
  let bytes: Uint8Array | undefined
  return refuses(() => void (bytes = call())) ? undefined : bytes
}

function is(bytes: Uint8Array | undefined, hex: string | undefined): boolean {
  return bytes !== undefined && hex !== undefined && equalBytes(bytes, fromHex(hex))
}

/**
 * Key generation from seeds. Of an expanded private key only what a platform shows is compared: the public key inside,
 * and `z` at its end. The rest is tested by decapsulating.
 */
export function runMlKemKeys(
  { mlKem }: VectorProvider,
  file: WycheproofFile<object, { readonly seed: string; readonly ek: string; readonly dk: string }>,
): VectorResult {
  const tally = new Tally()
  for (const { tcId, seed, ek, dk } of file.testGroups.flatMap((group) => group.tests)) {
    const isConsistent = dk.includes(ek) && dk.endsWith(seed.slice(64))
    tally.check(`case ${tcId}`, () => isConsistent && is(mlKem.publicKey(fromHex(seed)), ek))
  }
  return tally.result()
}

/** Encapsulation of a given message; the invalid cases have public keys that are too long, too short or not reduced. */
export function runMlKemEncapsulation(
  { mlKem }: VectorProvider,
  file: WycheproofFile<object, Readonly<Record<"m" | "ek" | "c" | "K", string>>>,
): VectorResult {
  const tally = new Tally()
  for (const { tcId, m, ek, c, K, result } of file.testGroups.flatMap((group) => group.tests)) {
    tally.check(`case ${tcId}`, () => {
      const sent = mlKem.encapsulate(fromHex(ek), fromHex(m))
      if (result !== "valid") return sent === undefined
      return is(sent?.ciphertext, c) && is(sent?.secret, K)
    })
  }
  return tally.result()
}

/** Decapsulation, also of forged ciphertexts; the invalid cases have seeds and ciphertexts of wrong lengths. */
export function runMlKem(
  { mlKem }: VectorProvider,
  file: WycheproofFile<
    object,
    { readonly seed: string; readonly ek?: string; readonly c: string; readonly K?: string }
  >,
): VectorResult {
  const tally = new Tally()
  for (const { tcId, seed, ek, c, K, result } of file.testGroups.flatMap((group) => group.tests)) {
    tally.check(`case ${tcId}`, () => {
      const secret = bytesOf(() => mlKem.decapsulate(fromHex(seed), fromHex(c)))
      if (result !== "valid") return secret === undefined
      return is(mlKem.publicKey(fromHex(seed)), ek) && is(secret, K)
    })
  }
  return tally.result()
}

/** The files of one parameter set in C2SP's collection, already unpacked. */
export interface CctvFiles {
  readonly intermediate: string
  readonly modulus: string
  readonly unluckySample: string
}

/**
 * ML-KEM-768 of C2SP/CCTV: one known answer, an unlucky matrix, keys with a coefficient that is not reduced.
 *
 * Only encapsulations are compared: the files were made before FIPS 203 was final, and the final text derives the
 * private key from the seed d in another way.
 */
export function runCctv({ mlKem }: VectorProvider, files: CctvFiles): VectorResult {
  const tally = new Tally()
  for (const [name, text] of [
    ["intermediate values", files.intermediate],
    ["unlucky sample", files.unluckySample],
  ] as const) {
    tally.check(name, () => {
      const sent = mlKem.encapsulate(fromHex(fieldOf(text, "ek")), fromHex(fieldOf(text, "m")))
      return is(sent?.ciphertext, fieldOf(text, "c")) && is(sent?.secret, fieldOf(text, "K"))
    })
  }
  for (const [index, key] of files.modulus.trim().split("\n").entries()) {
    tally.check(`modulus ${index}`, () => {
      const publicKey = fromHex(key)
      return !mlKem768PublicKeyIsValid(publicKey) && mlKem.encapsulate(publicKey, new Uint8Array(32)) === undefined
    })
  }
  tally.skip(
    "strcmp: its private key is expanded, and ours are seeds; wycheproof/mlkem-768, case 1, is the same with one",
  )
  return tally.result()
}

function fieldOf(text: string, key: string): string {
  const value = new RegExp(`^${key} = ([0-9a-f]+)$`, "m").exec(text)?.[1]
  if (value === undefined) throw new Error(`the file has no ${key}`)
  return value
}
