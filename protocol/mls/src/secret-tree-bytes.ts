import type { CipherSuite } from "@qpc/crypto"
import { DecodeError, readList, readOptional } from "@qpc/wire"
import type { Reader } from "@qpc/wire"
import { readLeafWidth, readSecret } from "./epoch-bytes.ts"
import { Ratchet } from "./ratchet.ts"
import { restoreSecretTree } from "./secret-tree-records.ts"
import type { SecretTree } from "./secret-tree.ts"

/** Reads what `SecretTree.write` wrote. Copies. @throws DecodeError */
export function readSecretTree(reader: Reader, suite: CipherSuite): SecretTree {
  const start = reader.offset
  const isRetired = reader.uint8()
  if (isRetired > 1) throw new DecodeError("reserved_value", start)
  const leafWidth = readLeafWidth(reader)
  const nodes = readList(reader, (inner) => [inner.uint32(), inner.vector().slice()] as const)
  const ratchets = readList(reader, (inner) => {
    const leafIndex = inner.uint32()
    const handshake = readOptional(inner, (item) => readRatchet(item, suite))
    return [leafIndex, { handshake, application: readRatchet(inner, suite) }] as const
  })
  const parts = { leafWidth, nodes: new Map(nodes), ratchets: new Map(ratchets), isRetired: isRetired === 1 }
  return restoreSecretTree(suite, parts)
}

function readRatchet(reader: Reader, suite: CipherSuite): Ratchet {
  const secret = readSecret(reader, suite)
  const next = reader.uint32()
  const skipped = readList(reader, (inner) => ({
    generation: inner.uint32(),
    key: inner.vector().slice(),
    nonce: inner.vector().slice(),
  }))
  return new Ratchet(suite, secret, next, skipped)
}
