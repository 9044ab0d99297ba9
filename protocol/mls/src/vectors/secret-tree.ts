import type { CipherSuite } from "@qpc/crypto"
import { fromHex } from "@qpc/wire"
import { DEFAULT_LIMITS } from "../limits.ts"
import type { RatchetKind } from "../secret-tree.ts"
import { SecretTree } from "../secret-tree.ts"
import { senderDataKeys } from "../sender-data.ts"
import { expectHex } from "./expect.ts"

/** A case of secret-tree.json. */
export interface SecretTreeCase {
  readonly cipher_suite: number
  readonly sender_data: {
    readonly sender_data_secret: string
    readonly ciphertext: string
    readonly key: string
    readonly nonce: string
  }
  readonly encryption_secret: string
  readonly leaves: readonly (readonly LeafGeneration[])[]
}

interface LeafGeneration {
  readonly generation: number
  readonly handshake_key: string
  readonly handshake_nonce: string
  readonly application_key: string
  readonly application_nonce: string
}

/** RFC 9420 §9, §6.3.2: the keys of each leaf and generation. */
export function checkSecretTree(vector: SecretTreeCase, suite: CipherSuite): void {
  const { sender_data_secret, ciphertext, key, nonce } = vector.sender_data
  const senderData = senderDataKeys(suite, fromHex(sender_data_secret), fromHex(ciphertext))
  expectHex("sender data key", senderData.key, key)
  expectHex("sender data nonce", senderData.nonce, nonce)
  const tree = SecretTree.create(suite, fromHex(vector.encryption_secret), vector.leaves.length)
  for (const [leafIndex, generations] of vector.leaves.entries()) {
    for (const expected of generations) {
      checkKey(tree, leafIndex, "handshake", expected.generation, expected.handshake_key, expected.handshake_nonce)
      checkKey(
        tree,
        leafIndex,
        "application",
        expected.generation,
        expected.application_key,
        expected.application_nonce,
      )
    }
  }
}

function checkKey(
  tree: SecretTree,
  leafIndex: number,
  kind: RatchetKind,
  generation: number,
  key: string,
  nonce: string,
): void {
  const where = `${kind} of leaf ${leafIndex}, generation ${generation}`
  const candidate = tree.candidate(leafIndex, kind, generation, DEFAULT_LIMITS)
  if (typeof candidate === "string") throw new Error(`${where}: ${candidate}`)
  expectHex(`key, ${where}`, candidate.messageKey.key, key)
  expectHex(`nonce, ${where}`, candidate.messageKey.nonce, nonce)
  candidate.consume()
}
