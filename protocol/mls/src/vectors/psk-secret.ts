import type { CipherSuite } from "@qpc/crypto"
import { fromHex } from "@qpc/wire"
import { pskSecret } from "../psk.ts"
import { expectHex } from "./expect.ts"

/** A case of psk_secret.json. */
export interface PskSecretCase {
  readonly cipher_suite: number
  readonly psks: readonly { readonly psk_id: string; readonly psk: string; readonly psk_nonce: string }[]
  readonly psk_secret: string
}

/** RFC 9420 §8.4: several PSKs as one secret. */
export function checkPskSecret(vector: PskSecretCase, suite: CipherSuite): void {
  const psks = vector.psks.map(({ psk_id, psk, psk_nonce }) => ({
    id: { kind: "external", pskId: fromHex(psk_id), pskNonce: fromHex(psk_nonce) } as const,
    secret: fromHex(psk),
  }))
  expectHex("PSK secret", pskSecret(suite, psks), vector.psk_secret)
}
