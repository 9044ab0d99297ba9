import { equalBytes, fromHex } from "@qpc/wire"
import type { VectorResult } from "@qpc/wire/vectors"
import { Tally } from "./tally.ts"
import type { VectorProvider } from "./vector-provider.ts"

/** An entry of draft-connolly-cfrg-xwing-kem appendix C. */
export type XWingVector = Readonly<Record<"seed" | "eseed" | "ss" | "sk" | "pk" | "ct", string>>

/** X-Wing: the key pair of a private key, an encapsulation to it from a fixed seed, and its way back. */
export function runXWing({ xwing }: VectorProvider, vectors: readonly XWingVector[]): VectorResult {
  const tally = new Tally()
  for (const [index, vector] of vectors.entries()) {
    tally.check(`case ${index}`, () => {
      // GenerateKeyPairDerand keeps the seed as private key.
      if (vector.seed !== vector.sk) return false
      const [privateKey, publicKey] = [fromHex(vector.sk), fromHex(vector.pk)]
      const sent = xwing.encapsulateFrom(publicKey, fromHex(vector.eseed))
      return (
        is(xwing.publicKey(privateKey), vector.pk) &&
        xwing.publicKeyIsValid(publicKey) &&
        is(sent?.kemOutput, vector.ct) &&
        is(sent?.secret, vector.ss) &&
        is(xwing.decapsulate(privateKey, fromHex(vector.ct)), vector.ss)
      )
    })
  }
  return tally.result()
}

function is(bytes: Uint8Array | undefined, hex: string): boolean {
  return bytes !== undefined && equalBytes(bytes, fromHex(hex))
}
