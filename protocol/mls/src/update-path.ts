import type { HpkeSealed } from "@qpc/crypto"
import { decodeWhole, readList } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import { readHpkeCiphertext, writeHpkeCiphertext } from "./hpke-ciphertext.ts"
import { readLeafNode, writeLeafNode } from "./leaf-node.ts"
import type { LeafNode } from "./leaf-node.ts"

/** A fresh key of one node of the committer's filtered direct path, and its path secret for those below. */
interface UpdatePathNode {
  readonly encryptionKey: Uint8Array
  readonly encryptedPathSecret: readonly HpkeSealed[]
}

/** The fresh keys of a committer (RFC 9420 §7.6), from its leaf upwards. */
export interface UpdatePath {
  readonly leafNode: LeafNode
  readonly nodes: readonly UpdatePathNode[]
}

/** Reads an UpdatePath (RFC 9420 §7.6). Returns views. @throws DecodeError */
export function readUpdatePath(reader: Reader): UpdatePath {
  return { leafNode: readLeafNode(reader), nodes: readList(reader, readUpdatePathNode) }
}

/** Writes an UpdatePath (RFC 9420 §7.6). */
export function writeUpdatePath(writer: Writer, path: UpdatePath): void {
  writeLeafNode(writer, path.leafNode)
  writer.list(path.nodes, (inner, node) => {
    inner.vector(node.encryptionKey).list(node.encryptedPathSecret, writeHpkeCiphertext)
  })
}

/** Reads an UpdatePath that fills `bytes`. Returns views. @throws DecodeError */
export function decodeUpdatePath(bytes: Uint8Array): UpdatePath {
  return decodeWhole(bytes, readUpdatePath)
}

function readUpdatePathNode(reader: Reader): UpdatePathNode {
  return { encryptionKey: reader.vector(), encryptedPathSecret: readList(reader, readHpkeCiphertext) }
}
